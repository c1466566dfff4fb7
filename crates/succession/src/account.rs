//! Whether two targets are one account of one vendor: the same address, and the same identity that signs in there. A secret
//! is part of that only if nothing else names the account, and it cannot be recovered from the result.

use std::fmt::Write as _;

use rampmeter_caller::{Auth, Grant, Profile};
use sha2::{Digest, Sha256};

/// A text that is the same for targets of one account. `key`: the secret of the store.
pub(crate) fn of(profile: &Profile, key: &[u8; 32]) -> String {
    let mut account = Sha256::new();
    account.update(key);
    let mut add = |part: &str| {
        account.update(part.len().to_be_bytes());
        account.update(part);
    };
    add(profile.base_url.as_str());
    match &profile.auth {
        Auth::None => add("none"),
        Auth::Bearer(secret) => add(secret.expose()),
        Auth::Basic { username, .. } => add(username),
        Auth::ApiKey { header, key } => {
            add(header);
            add(key.expose());
        }
        Auth::OAuth1(signer) => {
            add(&signer.account);
            add(&signer.consumer_key);
            add(&signer.access_id);
        }
        Auth::OAuth2(tokens) => {
            add(tokens.token_url.as_str());
            match &tokens.grant {
                Grant::ClientCredentials { client_id, .. }
                | Grant::ClientAssertion { client_id, .. } => add(client_id),
                Grant::JwtBearer {
                    client_id,
                    username,
                    ..
                } => {
                    add(client_id);
                    add(username);
                }
                // One client may act for many accounts, and only the token tells them apart.
                Grant::RefreshToken {
                    client_id,
                    refresh_token,
                    ..
                } => {
                    add(client_id);
                    add(refresh_token.expose());
                }
            }
        }
    }
    for (name, value) in &profile.headers {
        add(name);
        add(value.expose());
    }
    let mut text = String::new();
    for byte in account.finalize() {
        write!(text, "{byte:02x}").expect("a text takes what is written");
    }
    text
}
