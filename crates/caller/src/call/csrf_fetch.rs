//! The call that fetches a session against cross-site request forgery, and the scope under which the session is
//! kept. Pure.

use rampmeter_call::Request;
use url::form_urlencoded;

use crate::vendor::Csrf;

/// The session that a call needs, and the call that fetches it.
#[derive(Debug)]
pub(super) struct Fetch {
    /// The service, and the client where the call names one.
    pub(super) scope: String,
    pub(super) request: Request,
}

impl Fetch {
    /// The fetch for a call to an account whose base URL has this path. It goes to the service of the call with the call's
    /// own query and client, because a gateway and the system itself use them to choose the session; OData options
    /// (`$filter`) concern the call alone.
    pub(super) fn of(csrf: &Csrf, base_path: &str, call: &Request) -> Fetch {
        let service = (csrf.service_of)(base_path, &call.path);
        let own = call.path.split_once('?').map_or("", |(_, query)| query);
        let query: Vec<(String, String)> = form_urlencoded::parse(own.as_bytes())
            .into_owned()
            .chain(call.query.iter().cloned())
            .filter(|(name, _)| !name.starts_with('$'))
            .collect();
        let headers: Vec<(String, String)> = call
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(csrf.client))
            .cloned()
            .collect();
        let client = query
            .iter()
            .chain(&headers)
            .find(|(name, _)| name.eq_ignore_ascii_case(csrf.client));
        let scope = match client {
            Some((_, client)) => format!("{service}?{}={client}", csrf.client),
            None => service.clone(),
        };
        let request = Request {
            query,
            headers,
            ..Request::get(service)
        };
        Fetch { scope, request }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::USUAL_CSRF;

    const SERVICE: &str = "/sap/opu/odata/sap/API_X/";

    fn fetch(query: &str, headers: &[(&str, &str)]) -> Fetch {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let call = Request {
            method: "POST".to_owned(),
            endpoint: None,
            path: format!("{SERVICE}A_Y{query}"),
            query: vec![("apikey".to_owned(), "k".to_owned())],
            headers: headers.iter().map(own).collect(),
            body: None,
            idempotency_key: "key".to_owned(),
        };
        Fetch::of(USUAL_CSRF, "/", &call)
    }

    #[test]
    fn a_fetch_names_the_client_of_its_call_and_leaves_out_options() {
        let fetch = fetch("?$filter=A%20eq%201&sap-client=200", &[("X-Own", "1")]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fetch.request.path, SERVICE);
        assert_eq!(
            fetch.request.query,
            [pair("sap-client", "200"), pair("apikey", "k")]
        );
        assert_eq!(fetch.request.headers, []);
    }

    #[test]
    fn each_client_has_a_session_of_its_own() {
        assert_eq!(fetch("", &[]).scope, SERVICE);
        let by_query = fetch("?sap-client=200", &[]).scope;
        let by_header = fetch("", &[("SAP-Client", "200")]).scope;
        assert_eq!(by_query, format!("{SERVICE}?sap-client=200"));
        assert_eq!(by_header, by_query);
        assert_ne!(fetch("?sap-client=300", &[]).scope, by_query);
        assert_eq!(fetch("?id=7", &[]).scope, SERVICE);
    }
}
