//! SAP's protection against cross-site request forgery: a GET of the service with `X-CSRF-Token: Fetch` gives a token, which
//! every call that changes something sends back with the cookies of that answer. Pure.

use rampmeter_call::Answer;

use crate::vendor::Csrf;

const HEADER: &str = "x-csrf-token";

/// The protection of Gateway and S/4HANA.
pub(in crate::vendor) static CSRF: Csrf = Csrf {
    header: HEADER,
    fetch: "Fetch",
    service_of,
    client: "sap-client",
    token_of,
    is_refused,
};

fn token_of(answer: &Answer) -> Option<&str> {
    answer.header(HEADER).filter(|token| !is_required(token))
}

/// Whether an answer says that the token is missing, wrong or expired: 403 with the header `X-CSRF-Token: Required`, or with
/// the words that come with it, if a gateway on the way has stripped the header. Any other 403 is a missing permission.
fn is_refused(answer: &Answer) -> bool {
    let says_so = || {
        let words = answer.body.to_string().to_ascii_lowercase();
        words.contains("csrf token validation failed")
    };
    answer.status == 403 && (answer.header(HEADER).is_some_and(is_required) || says_so())
}

fn is_required(token: &str) -> bool {
    token.trim().eq_ignore_ascii_case("required")
}

/// The service that a call goes to, as a path below the base URL, of which `base` is the path: `/sap/opu/odata/sap/NAME/`
/// (V2) or the first nine segments from `/sap/opu/odata4/` (V4). In another layout it is the base URL itself.
fn service_of(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    let path = path.split('?').next().unwrap_or_default();
    let whole = format!("{base}{path}");
    let segments: Vec<&str> = whole.split('/').filter(|part| !part.is_empty()).collect();
    let depth = match segments[..] {
        ["sap", "opu", "odata4", ..] => 9,
        ["sap", "opu", "odata", ..] => 5,
        _ => 0,
    };
    let service = format!("/{}/", segments[..depth.min(segments.len())].join("/"));
    match service.strip_prefix(base) {
        Some(below) if below.starts_with('/') && below != "//" => below.to_owned(),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::vendor::tests::{answer as answer_of, answer_with};

    #[test]
    fn only_a_403_that_says_required_is_about_the_token() {
        assert!(is_refused(&answer_with(403, &[(HEADER, "required")])));
        let stripped = json!("CSRF token validation failed");
        assert!(is_refused(&answer_of(403, stripped)));
        for other in [
            answer_with(403, &[]),
            answer_with(403, &[(HEADER, "abc")]),
            answer_with(401, &[(HEADER, "Required")]),
        ] {
            assert!(!is_refused(&other), "{other:?}");
        }
    }

    #[test]
    fn a_path_belongs_to_its_service() {
        let v2 = "/sap/opu/odata/sap/API_SALES_ORDER_SRV";
        let v4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001";
        for (base, path, service) in [
            ("/", format!("{v2}/A_SalesOrder?$top=1"), format!("{v2}/")),
            (
                "/",
                format!("{v2}/A_SalesOrder('1')/to_Item"),
                format!("{v2}/"),
            ),
            ("/", v2.to_owned(), format!("{v2}/")),
            ("/", format!("{v4}/SalesOrder"), format!("{v4}/")),
            ("/proxy", "/x".to_owned(), "/".to_owned()),
            (v2, "/A_SalesOrder".to_owned(), "/".to_owned()),
            (
                "/sap/opu/odata/sap",
                "/API_X/A_Y".to_owned(),
                "/API_X/".to_owned(),
            ),
            ("/", "/orders".to_owned(), "/".to_owned()),
            ("", String::new(), "/".to_owned()),
        ] {
            assert_eq!(service_of(base, &path), service, "{base} {path}");
        }
    }
}
