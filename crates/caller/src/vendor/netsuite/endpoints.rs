//! The hosts of a NetSuite account. All of them count against its one concurrency limit.

use url::Url;

use crate::vendor::VendorEndpoint;

/// Below `.api.netsuite.com` each account has a host for each of its services (Oracle, URLs for Account-Specific Domains).
const API: &str = ".api.netsuite.com";

pub(super) const ENDPOINTS: &[VendorEndpoint] = &[
    VendorEndpoint {
        name: "rest",
        base_url: |url| at(url, "suitetalk"),
        scopes: &["rest_webservices"],
        is_shared: false,
    },
    VendorEndpoint {
        name: "restlets",
        base_url: |url| at(url, "restlets"),
        scopes: &["restlets"],
        is_shared: false,
    },
    // SOAP has no scope: it signs in by tokens of OAuth 1.0.
    VendorEndpoint {
        name: "soap",
        base_url: |url| at(url, "suitetalk"),
        scopes: &[],
        is_shared: false,
    },
];

/// The account that a host of NetSuite's belongs to.
pub(super) fn account_of(host: &str) -> Option<&str> {
    host.strip_suffix(API)?.split('.').next()
}

/// The host of a service, in the account of a base URL.
fn at(url: &Url, service: &str) -> Option<Url> {
    let account = account_of(url.host_str()?)?;
    Url::parse(&format!("https://{account}.{service}{API}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_of_an_account_has_its_host() {
        let of = |name: &str, base: &str| {
            let known = ENDPOINTS.iter().find(|known| known.name == name).unwrap();
            (known.base_url)(&Url::parse(base).unwrap()).map(String::from)
        };
        let rest = "https://123456-sb1.suitetalk.api.netsuite.com";
        let restlets = "https://123456-sb1.restlets.api.netsuite.com/";
        assert_eq!(of("restlets", rest).as_deref(), Some(restlets));
        assert_eq!(of("rest", restlets), Some(format!("{rest}/")));
        assert_eq!(of("soap", restlets), Some(format!("{rest}/")));
        assert_eq!(of("restlets", "http://127.0.0.1:9000"), None);
    }
}
