//! One answer as it goes over the wire, whoever the vendor is. Each vendor's own wording is in its folder.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VendorResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content: Content,
    /// The vendor's error code, under which the report counts it; empty where there is none.
    pub(crate) code: &'static str,
}

/// What an answer holds after its headers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Nothing,
    /// JSON under this media type.
    Json(&'static str, Box<Value>),
    /// Text under this media type.
    Text(&'static str, String),
}

/// The media type of most JSON.
pub(crate) const JSON: &str = "application/json;charset=UTF-8";

impl VendorResponse {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> VendorResponse {
        VendorResponse {
            status,
            headers: Vec::new(),
            content: Content::Nothing,
            code: "",
        }
    }

    /// An answer of plain JSON.
    pub(crate) fn json(status: u16, body: Value) -> VendorResponse {
        VendorResponse {
            content: Content::Json(JSON, Box::new(body)),
            ..VendorResponse::empty(status)
        }
    }

    /// The same with one more header. Its value must be fit for a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> VendorResponse {
        self.headers.push((name, value.into()));
        self
    }

    /// The same under this error code.
    pub(crate) fn coded(mut self, code: &'static str) -> VendorResponse {
        self.code = code;
        self
    }

    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| *given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The JSON it holds, `null` where it holds none.
    #[cfg(test)]
    pub(crate) fn body(&self) -> Value {
        match &self.content {
            Content::Json(_, body) => Value::clone(body),
            _ => Value::Null,
        }
    }
}

impl IntoResponse for VendorResponse {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = match self.content {
            Content::Nothing => Body::empty(),
            Content::Json(media_type, json) => {
                response = response.header("content-type", media_type);
                Body::from(json.to_string())
            }
            Content::Text(media_type, text) => {
                response = response.header("content-type", media_type);
                Body::from(text)
            }
        };
        response
            .body(body)
            .expect("a status, fixed header names and values of ours are a response")
    }
}
