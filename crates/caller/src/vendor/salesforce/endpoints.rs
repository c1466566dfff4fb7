//! The hosts besides an org's own: where its people and programs sign in.

use url::Url;

use crate::vendor::VendorEndpoint;

pub(super) const ENDPOINTS: &[VendorEndpoint] = &[VendorEndpoint {
    name: "login",
    base_url: login,
    scopes: &[],
    is_shared: true,
}];

/// `login.salesforce.com`, or `test.salesforce.com` for a sandbox (Salesforce, My Domain URL Formats).
fn login(url: &Url) -> Option<Url> {
    let host = url.host_str()?.strip_suffix(".my.salesforce.com")?;
    let name = if host.ends_with(".sandbox") {
        "test"
    } else {
        "login"
    };
    Url::parse(&format!("https://{name}.salesforce.com")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_signs_in_elsewhere() {
        let of = |base: &str| login(&Url::parse(base).unwrap()).map(String::from);
        let cases = [
            (
                "https://acme.my.salesforce.com",
                Some("https://login.salesforce.com/"),
            ),
            (
                "https://acme--uat.sandbox.my.salesforce.com",
                Some("https://test.salesforce.com/"),
            ),
            ("https://acme.example", None),
        ];
        for (base, expected) in cases {
            assert_eq!(of(base).as_deref(), expected, "{base}");
        }
    }
}
