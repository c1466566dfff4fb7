//! The hosts that one account of a vendor has: what an endpoint is called, and where it is.

use url::Url;

/// A host that a vendor serves beside the one that calls usually go to.
#[derive(Clone, Copy, Debug)]
pub struct VendorEndpoint {
    /// Its name: `restlets`.
    pub name: &'static str,
    /// Where it is, from the account's base URL; none if that does not tell (a stand-in, a gateway).
    pub base_url: fn(&Url) -> Option<Url>,
    /// What an access token must be allowed for calls to it, beyond what the vendor's tokens are asked for anyway.
    pub scopes: &'static [&'static str],
    /// All accounts of the vendor have this host: it does not tell one from another.
    pub is_shared: bool,
}
