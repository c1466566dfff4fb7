//! What a request on the limited paths asks for, read from its method, path, headers and body.
//! Reading changes nothing; the records are written by `records`, after the work's time has passed.

use crate::answer::Answer;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};

const RECORDS: &str = "/services/rest/record/v1/";
/// The header NetSuite documents, and the one of the IETF draft that generic clients send.
const KEY_HEADERS: [&str; 2] = ["x-netsuite-idempotency-key", "idempotency-key"];

/// True for the paths that NetSuite's limits cover.
pub(crate) fn is_limited(path: &str) -> bool {
    ["/services/rest/record", "/services/rest/query"]
        .iter()
        .any(|root| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// The body of a request as far as it was read.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Whole(Bytes),
    /// More than this many bytes, the rest unread.
    Over(usize),
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The business record, for example `salesOrder/eid:SO-1042`; the path, where no record is meant.
    pub(crate) record: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) request: Request,
}

/// What a call asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Create or replace the record with this external id.
    Upsert {
        kind: String,
        external_id: String,
        fields: Map<String, Value>,
    },
    /// Create a record.
    Create {
        kind: String,
        external_id: Option<String>,
        fields: Map<String, Value>,
    },
    /// Read the record with this external id.
    ReadExternal { kind: String, external_id: String },
    /// Read the record with this internal id.
    ReadInternal { kind: String, id: u64 },
    /// Nothing that can be done; this is the answer.
    Refused(Answer),
}

impl Request {
    /// True for a request that writes a record.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Request::Upsert { .. } | Request::Create { .. })
    }
}

impl Call {
    /// Reads a call. What is wrong with it becomes its answer, for it takes its place in the limits all
    /// the same.
    pub(crate) fn read(
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &RequestBody,
    ) -> Call {
        let (record, request) = match read_request(method, path, body) {
            Ok(read) => read,
            Err(answer) => (path.to_owned(), Request::Refused(answer)),
        };
        let idempotency_key = KEY_HEADERS.iter().find_map(|name| {
            headers
                .get(*name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Call {
            method: method.to_string(),
            record,
            idempotency_key,
            request,
        }
    }
}

fn read_request(
    method: &Method,
    path: &str,
    body: &RequestBody,
) -> Result<(String, Request), Answer> {
    let unknown = || Answer::unknown_path(method.as_str(), path);
    let (kind, id) = split_path(path).ok_or_else(unknown)?;
    let external_id = id
        .as_deref()
        .and_then(|id| id.strip_prefix("eid:"))
        .filter(|id| !id.is_empty());
    match (method, &id, external_id) {
        (&Method::PUT, _, Some(external_id)) => {
            let request = Request::Upsert {
                external_id: external_id.to_owned(),
                fields: fields(body)?,
                kind: kind.clone(),
            };
            Ok((format!("{kind}/eid:{external_id}"), request))
        }
        (&Method::POST, None, None) => {
            let fields = fields(body)?;
            let external_id = match &fields.get("externalId") {
                Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
                Some(Value::Number(id)) => Some(id.to_string()),
                _ => None,
            };
            let record = match &external_id {
                Some(external_id) => format!("{kind}/eid:{external_id}"),
                None => format!("{kind}/body:{:016x}", digest(&fields)),
            };
            Ok((
                record,
                Request::Create {
                    kind,
                    external_id,
                    fields,
                },
            ))
        }
        (&Method::GET, _, Some(external_id)) => Ok((
            format!("{kind}/eid:{external_id}"),
            Request::ReadExternal {
                external_id: external_id.to_owned(),
                kind,
            },
        )),
        (&Method::GET, Some(id), None) => {
            let record = format!("{kind}/{id}");
            let id = id.parse().map_err(|_| Answer::nonexistent(&record))?;
            Ok((record, Request::ReadInternal { kind, id }))
        }
        _ => Err(unknown()),
    }
}

/// The record type and the id of `/services/rest/record/v1/{type}[/{id}]`.
fn split_path(path: &str) -> Option<(String, Option<String>)> {
    let mut segments = path.strip_prefix(RECORDS)?.split('/');
    let decoded = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        (!text.is_empty()).then_some(text)
    };
    let kind = decoded(segments.next()?)?;
    // NetSuite's record types are script ids; anything else could not stand in a Location header.
    if !kind
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return None;
    }
    let id = match segments.next() {
        Some(segment) => Some(decoded(segment)?),
        None => None,
    };
    segments.next().is_none().then_some((kind, id))
}

/// The body as the fields of a record, in which every reference exists.
fn fields(body: &RequestBody) -> Result<Map<String, Value>, Answer> {
    let bytes = match body {
        RequestBody::Whole(bytes) => bytes,
        RequestBody::Over(limit) => return Err(Answer::too_large(*limit)),
    };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Answer::invalid_content(&error.to_string()))?;
    match invalid_item(&value) {
        Some(path) => Err(Answer::invalid_reference(&path)),
        None => match value {
            Value::Object(fields) => Ok(fields),
            _ => Err(Answer::invalid_content("a record is a JSON object")),
        },
    }
}

/// Where the body names the item `INVALID`, as text or as the id of a reference: the one item this account
/// does not have, so that the vendor's refusal of an order can be shown.
fn invalid_item(value: &Value) -> Option<String> {
    let inside = |name: &str, path: String| match path.as_str() {
        "" => name.to_owned(),
        path if path.starts_with('[') => format!("{name}{path}"),
        path => format!("{name}.{path}"),
    };
    match value {
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let named = member.as_str() == Some("INVALID")
                || member.get("id").and_then(Value::as_str) == Some("INVALID");
            if name == "item" && named {
                return Some(name.clone());
            }
            invalid_item(member).map(|path| inside(name, path))
        }),
        Value::Array(elements) => elements.iter().enumerate().find_map(|(index, element)| {
            invalid_item(element).map(|path| inside(&format!("[{index}]"), path))
        }),
        _ => None,
    }
}

/// Stands for the business record of a body that names none: equal bodies mean the same thing.
fn digest(fields: &Map<String, Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    Value::Object(fields.clone()).to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(method: &Method, path: &str, body: &str) -> Call {
        Call::read(
            method,
            path,
            &HeaderMap::new(),
            &RequestBody::Whole(Bytes::copy_from_slice(body.as_bytes())),
        )
    }

    fn refusal(call: Call) -> Answer {
        match call.request {
            Request::Refused(answer) => answer,
            other => panic!("{other:?} was not refused"),
        }
    }

    #[test]
    fn the_limits_cover_records_and_queries_and_nothing_that_only_looks_like_them() {
        assert!(is_limited("/services/rest/record/v1/salesOrder"));
        assert!(is_limited("/services/rest/query/v1/suiteql"));
        assert!(is_limited("/services/rest/record"));
        assert!(!is_limited("/services/rest/recorder"));
        assert!(!is_limited("/services/rest/system/v1/serverTime"));
    }

    #[test]
    fn an_external_id_may_be_percent_encoded() {
        let call = read(
            &Method::PUT,
            "/services/rest/record/v1/salesOrder/eid:SO%2F1%20a",
            "{}",
        );
        assert_eq!(call.record, "salesOrder/eid:SO/1 a");
        assert!(call.request.writes());
    }

    #[test]
    fn a_created_record_is_known_by_its_external_id_or_else_by_its_body() {
        let path = "/services/rest/record/v1/salesOrder";
        assert_eq!(
            read(&Method::POST, path, r#"{"externalId":"A"}"#).record,
            "salesOrder/eid:A"
        );
        let one = read(&Method::POST, path, r#"{"memo":"a"}"#).record;
        assert_eq!(one, read(&Method::POST, path, r#"{ "memo": "a" }"#).record);
        assert_ne!(one, read(&Method::POST, path, r#"{"memo":"b"}"#).record);
    }

    #[test]
    fn either_idempotency_header_is_read_whatever_its_case() {
        for name in ["X-NetSuite-Idempotency-Key", "IDEMPOTENCY-KEY"] {
            let mut headers = HeaderMap::new();
            headers.insert(
                axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                "k-1".parse().unwrap(),
            );
            let body = RequestBody::Whole(Bytes::from_static(b"{}"));
            let call = Call::read(
                &Method::POST,
                "/services/rest/record/v1/customer",
                &headers,
                &body,
            );
            assert_eq!(call.idempotency_key.as_deref(), Some("k-1"));
        }
    }

    #[test]
    fn a_body_that_is_no_json_object_is_invalid_content() {
        for body in ["", "{", "[1]", "\"text\""] {
            let answer = refusal(read(
                &Method::POST,
                "/services/rest/record/v1/customer",
                body,
            ));
            assert_eq!(answer.status, 400, "{body}");
            let body = answer.body.unwrap();
            assert_eq!(body["o:errorDetails"][0]["o:errorCode"], "INVALID_CONTENT");
        }
    }

    #[test]
    fn a_body_over_the_bound_is_too_large() {
        let path = "/services/rest/record/v1/customer/eid:1";
        let call = Call::read(
            &Method::PUT,
            path,
            &HeaderMap::new(),
            &RequestBody::Over(10),
        );
        assert_eq!(refusal(call).status, 413);
    }

    #[test]
    fn the_item_that_does_not_exist_is_found_wherever_it_stands() {
        let lines = json!({ "item": { "items": [
            { "item": { "id": "12" } }, { "quantity": 1, "item": { "id": "INVALID" } },
        ] } });
        assert_eq!(invalid_item(&lines).as_deref(), Some("item.items[1].item"));
        assert_eq!(
            invalid_item(&json!({ "item": "INVALID" })).as_deref(),
            Some("item")
        );
        assert_eq!(invalid_item(&json!({ "memo": "INVALID" })), None);
    }

    #[test]
    fn what_the_surface_does_not_have_is_not_found() {
        for (method, path) in [
            (Method::DELETE, "/services/rest/record/v1/salesOrder/1"),
            (Method::PUT, "/services/rest/record/v1/salesOrder/eid:"),
            (Method::POST, "/services/rest/record/v1/salesOrder/1"),
            (Method::GET, "/services/rest/record/v1/salesOrder/1/item"),
            (Method::GET, "/services/rest/record/v1/salesOrder/abc"),
            (Method::GET, "/services/rest/record/v1/sales%0AOrder/1"),
            (Method::POST, "/services/rest/query/v1/suiteql"),
        ] {
            assert_eq!(
                refusal(read(&method, path, "{}")).status,
                404,
                "{method} {path}"
            );
        }
    }
}
