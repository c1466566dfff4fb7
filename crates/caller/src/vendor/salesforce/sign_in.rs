//! Where Salesforce issues access tokens, and what to check when it refuses.

use crate::sign_in::{Auth, GrantKind};
use crate::vendor::http;
use crate::vendor::{TokenDefaults, TokenHost};

/// The host that the assertion is for gives the token: production's, or `https://test.salesforce.com` for a sandbox.
pub(super) const TOKENS: &[TokenDefaults] = &[TokenDefaults {
    grant: GrantKind::JwtBearer,
    path: "/services/oauth2/token",
    host: TokenHost::Audience,
    audience: Some("https://login.salesforce.com"),
    scopes: &[],
}];

pub(super) fn advice(auth: &Auth) -> &'static str {
    match auth {
        Auth::OAuth2(_) => {
            "the connected app must hold the key's certificate, the user must be pre-authorised for it, and a sandbox has audience = \"https://test.salesforce.com\""
        }
        _ => http::sign_in_advice(auth),
    }
}
