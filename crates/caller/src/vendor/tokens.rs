//! Defaults for what a sign-in with access tokens leaves out, if a vendor has a rule for it.

use crate::sign_in::GrantKind;

/// What the vendor determines if a configuration says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenDefaults {
    /// The kind of sign-in that it holds for.
    pub grant: GrantKind,
    /// Path of the token endpoint.
    pub path: &'static str,
    /// The host of the token endpoint.
    pub host: TokenHost,
    /// Who an assertion is for; none: the token endpoint itself.
    pub audience: Option<&'static str>,
    /// The scopes that are asked for.
    pub scopes: &'static [&'static str],
}

/// Which host gives access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenHost {
    /// The one that calls go to.
    Account,
    /// The one that the assertion is for.
    Audience,
}
