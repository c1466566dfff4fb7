//! Signs a request, for the command line's own requests and for the tests.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::{ALGORITHM, Message, Scope, TERMINATOR, canonical, key};

/// A credential that signs.
#[derive(Clone)]
pub struct Signer {
    access_key_id: String,
    secret: String,
    region: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Signer")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer for one region.
    pub fn new(access_key_id: &str, secret: &str, region: &str) -> Signer {
        Signer {
            access_key_id: access_key_id.to_owned(),
            secret: secret.to_owned(),
            region: region.to_owned(),
        }
    }

    /// Adds the time and the signature to a request's headers, all of which are signed. They must have a host.
    pub fn sign(
        &self,
        method: &str,
        path: &str,
        headers: &mut HeaderMap,
        body: &[u8],
        service: &str,
        now: Timestamp,
    ) {
        let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        set(headers, HeaderName::from_static("x-amz-date"), &date);
        let scope = Scope {
            date: date[..8].to_owned(),
            region: self.region.clone(),
            service: service.to_owned(),
            terminator: TERMINATOR.to_owned(),
        };
        let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        let message = Message {
            method,
            path,
            query: "",
            headers,
            body,
        };
        let canonical = canonical::request(&message, &names, &key::digest(body))
            .expect("the names are those of the headers");
        let digest = key::digest(&canonical);
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
        let signature = key::signature(&self.secret, &scope, text.as_bytes());
        let value = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            names.join(";")
        );
        set(headers, axum::http::header::AUTHORIZATION, &value);
    }
}

/// A value that cannot be a header is left out; the server then says what is missing.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
