//! Sign-ins that ask an authorization server for access tokens. Where the server is follows from the target if the
//! vendor has a rule for it, and can be configured otherwise.

use std::time::Duration;

use rampmeter_caller::vendor::{TokenDefaults, TokenHost};
use rampmeter_caller::{
    Algorithm, Auth, ClientAuthentication, Grant, GrantKind, KeyError, OAuth2, ScopeForm,
    SigningKey,
};
use url::Url;

use super::Account;
use crate::document::{Section, Value};
use crate::problem::{Code, Problem};
use crate::target::address::is_plainly_local;

/// Where a client presents its id and secret.
const WAYS: [(&str, ClientAuthentication); 2] = [
    ("basic", ClientAuthentication::Basic),
    ("form", ClientAuthentication::Form),
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// NetSuite: a client id and a token signed with the key of a certificate.
pub(super) fn client_assertion(section: &Section<'_>, account: &Account<'_>) -> Option<Auth> {
    let client_id = section.text("client_id");
    let certificate_id = section.text("certificate_id");
    let served = [
        ("PS256", Algorithm::Ps256),
        ("PS384", Algorithm::Ps384),
        ("PS512", Algorithm::Ps512),
        ("ES256", Algorithm::Es256),
        ("ES384", Algorithm::Es384),
    ];
    let key = if section.get("algorithm").is_some() {
        let chosen = section.word("algorithm", &served);
        chosen.and_then(|algorithm| key(section, &[algorithm]))
    } else {
        key(
            section,
            &[Algorithm::Ps256, Algorithm::Es256, Algorithm::Es384],
        )
    };
    let defaults = account.preset.token_defaults(GrantKind::ClientAssertion);
    let scopes = scopes(section, account, defaults);
    let forms = [("list", ScopeForm::List), ("commas", ScopeForm::Commas)];
    let scope_form = section.word("scope_form", &forms).unwrap_or_default();
    let audience = audience(section, defaults);
    let token_url = token_url(section, account, defaults, audience.as_deref())?;
    let grant = Grant::ClientAssertion {
        client_id: client_id?.value,
        certificate_id: certificate_id?.value,
        key: key?,
        scopes: scopes?,
        scope_form,
        audience: audience.unwrap_or_else(|| token_url.to_string()),
    };
    Some(oauth2(section, account, token_url, grant))
}

/// Salesforce: a token that names the user to act for, signed with the key of a connected app.
pub(super) fn jwt_bearer(section: &Section<'_>, account: &Account<'_>) -> Option<Auth> {
    let client_id = section.text("client_id");
    let username = section.text("username");
    let key = key(section, &[Algorithm::Rs256]);
    let defaults = account.preset.token_defaults(GrantKind::JwtBearer);
    let audience = audience(section, defaults);
    let token_url = token_url(section, account, defaults, audience.as_deref());
    let grant = Grant::JwtBearer {
        client_id: client_id?.value,
        username: username?.value,
        key: key?,
        audience: audience?,
    };
    Some(oauth2(section, account, token_url?, grant))
}

/// SAP and many others: a client id and its secret.
pub(super) fn client_credentials(section: &Section<'_>, account: &Account<'_>) -> Option<Auth> {
    let client_id = section.text("client_id");
    let client_secret = section.secret("client_secret");
    let scope = section.text("scope").map(|found| found.value);
    let authentication = section.word("send_as", &WAYS).unwrap_or_default();
    let defaults = account.preset.token_defaults(GrantKind::ClientCredentials);
    let token_url = token_url(section, account, defaults, None);
    let grant = Grant::ClientCredentials {
        client_id: client_id?.value,
        client_secret: client_secret?,
        authentication,
        scope,
    };
    Some(oauth2(section, account, token_url?, grant))
}

/// QuickBooks, HubSpot, Xero, Workday: what a person's consent gave to the client.
pub(super) fn refresh_token(section: &Section<'_>, account: &Account<'_>) -> Option<Auth> {
    let client_id = section.text("client_id");
    let client_secret = section.secret("client_secret");
    let refresh_token = section.secret("refresh_token");
    let scope = section.text("scope").map(|found| found.value);
    let authentication = section.word("send_as", &WAYS).unwrap_or_default();
    let defaults = account.preset.token_defaults(GrantKind::RefreshToken);
    let token_url = token_url(section, account, defaults, None);
    let grant = Grant::RefreshToken {
        client_id: client_id?.value,
        client_secret: client_secret?,
        authentication,
        refresh_token: refresh_token?,
        scope,
    };
    Some(oauth2(section, account, token_url?, grant))
}

fn oauth2(section: &Section<'_>, account: &Account<'_>, token_url: Url, grant: Grant) -> Auth {
    let assumed_lifetime = section
        .duration("assumed_lifetime", Duration::from_secs(1)..=DAY)
        .unwrap_or(OAuth2::ASSUMED_LIFETIME);
    Auth::OAuth2(Box::new(OAuth2 {
        token_url,
        grant,
        assumed_lifetime,
        counted: section
            .flag("counted")
            .unwrap_or(account.preset.vendor().sign_in_counts),
        kept_in: None,
    }))
}

/// Who an assertion is for, if the file or the vendor says so.
fn audience(section: &Section<'_>, defaults: Option<&TokenDefaults>) -> Option<String> {
    match section.get("audience") {
        Some(_) => section.text("audience").map(|found| found.value),
        None => defaults?.audience.map(str::to_owned),
    }
}

/// `token_url`, or the vendor's default.
fn token_url(
    section: &Section<'_>,
    account: &Account<'_>,
    defaults: Option<&TokenDefaults>,
    audience: Option<&str>,
) -> Option<Url> {
    if section.get("token_url").is_some() {
        return section.parsed("token_url", Code::BadBaseUrl, |text| {
            let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
            if is_plainly_local(text) {
                account.local.set(true);
            }
            let plain =
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            match url.scheme() {
                "http" | "https" if plain => Ok(url),
                "http" | "https" => Err("must hold no user name, password or fragment".to_owned()),
                _ => Err("must begin with https:// or http://".to_owned()),
            }
        });
    }
    let host = defaults.and_then(|defaults| match defaults.host {
        TokenHost::Account => account.base_url.cloned(),
        TokenHost::Audience => audience.and_then(|text| Url::parse(text).ok()),
    });
    let (Some(defaults), Some(mut url)) = (defaults, host) else {
        // Without a readable base URL that problem has been reported; an audience need not be a
        // URL.
        if let Some(node) = section.get("audience") {
            section.reading.note(
                Problem::new(
                    Code::MissingKey,
                    "the `audience` is not a URL, so it does not say who issues tokens",
                )
                .at(&node.span)
                .help("write it with https://, such as \"https://login.salesforce.com\"; or add `token_url`"),
            );
        }
        return None;
    };
    url.set_path(defaults.path);
    url.set_query(None);
    Some(url)
}

/// One text or a list of them.
fn scopes(
    section: &Section<'_>,
    account: &Account<'_>,
    defaults: Option<&TokenDefaults>,
) -> Option<Vec<String>> {
    match section.get("scope").map(|node| &node.value) {
        None => {
            let usual = defaults.map_or(&[][..], |defaults| defaults.scopes);
            let mut scopes: Vec<String> = Vec::new();
            for scope in usual.iter().chain(&account.scopes) {
                if !scopes.iter().any(|other| other == scope) {
                    scopes.push((*scope).to_owned());
                }
            }
            Some(scopes)
        }
        Some(Value::Array(_)) => section
            .texts("scope")
            .map(|texts| texts.into_iter().map(|text| text.value).collect()),
        Some(_) => section.text("scope").map(|text| vec![text.value]),
    }
}

fn key(section: &Section<'_>, algorithms: &[Algorithm]) -> Option<SigningKey> {
    let pem = section.secret("key")?;
    if section.reading.context.host.has_no_secrets() {
        return None;
    }
    let error = match SigningKey::from_pem(&pem, algorithms) {
        Ok(key) => return Some(key),
        Err(error) => error,
    };
    let problem = Problem::new(
        Code::BadKey,
        format!("the private key behind `key` cannot be used: {error}"),
    );
    let problem = match section.get("key") {
        Some(node) => problem.at(&node.span),
        None => problem,
    };
    section.reading.note(match error {
        KeyError::Unfit { .. } => problem.note(
            "RSA keys (2,048 bits or more) sign RS256, PS256, PS384 and PS512; keys on P-256 ES256, on P-384 ES384",
        ),
        _ => problem,
    });
    None
}
