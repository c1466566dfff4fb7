//! The hosts that one account of a vendor has: what each endpoint is called, and where it is.

use url::Url;

/// A host that a vendor has besides the one that calls usually go to.
#[derive(Clone, Copy, Debug)]
pub struct VendorEndpoint {
    /// Its name: `restlets`.
    pub name: &'static str,
    /// Where it is, from the account's base URL; none if that does not tell (a stand-in, a gateway).
    pub base_url: fn(&Url) -> Option<Url>,
    /// The scopes that an access token needs for calls to it, besides the vendor's usual ones.
    pub scopes: &'static [&'static str],
    /// All accounts of the vendor have this host: it does not tell one from another.
    pub is_shared: bool,
}
