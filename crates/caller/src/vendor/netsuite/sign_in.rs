//! Where NetSuite issues access tokens, which scopes to request, and what to check when it refuses.

use crate::sign_in::{Auth, GrantKind};
use crate::vendor::http;
use crate::vendor::{TokenDefaults, TokenHost};

/// Oracle, OAuth 2.0 client credentials flow: below the account's own host.
pub(super) const TOKENS: &[TokenDefaults] = &[TokenDefaults {
    grant: GrantKind::ClientAssertion,
    path: "/services/rest/auth/oauth2/v1/token",
    host: TokenHost::Account,
    audience: None,
    scopes: &["rest_webservices"],
}];

pub(super) fn advice(auth: &Auth) -> &'static str {
    match auth {
        Auth::OAuth1(_) => {
            "compare the account (1234567_SB1, capitals and underscore), both keys and both secrets; NetSuite's Login Audit Trail says which it missed"
        }
        Auth::OAuth2(_) => {
            "compare client_id, certificate_id and the uploaded certificate with the key; the mapping needs an entity and a role with REST Web Services"
        }
        _ => http::sign_in_advice(auth),
    }
}
