//! What a request on the limited paths asks for, read from its method, path, headers and body.
//! Reading changes nothing; the records are written by `records`, after the work's time has passed.

use super::response;
use super::restlet;
use crate::request::{Arrival, is_at_or_below};
use crate::response::VendorResponse;
use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};

const RECORDS: &str = "/services/rest/record/v1/";
const JOBS: &str = "/services/rest/async/v1/job/";
/// The header NetSuite documents, and the one of the IETF draft that generic clients send.
const KEY_HEADERS: [&str; 2] = ["x-netsuite-idempotency-key", "idempotency-key"];

/// True for the paths that NetSuite's limits cover.
pub(super) fn is_limited(path: &str) -> bool {
    let roots = [
        "/services/rest/record",
        "/services/rest/query",
        "/services/rest/async",
    ];
    path == restlet::PATH || roots.iter().any(|root| is_at_or_below(path, root))
}

/// The key that names a call.
pub(super) fn idempotency_key(arrival: &Arrival) -> Option<String> {
    KEY_HEADERS
        .iter()
        .find_map(|name| arrival.header(name))
        .map(str::to_owned)
}

/// True for a request that wants to be worked on in the background: only those for records can be.
pub(super) fn is_asynchronous(arrival: &Arrival) -> bool {
    let wanted = arrival.header("prefer").is_some_and(|prefer| {
        prefer
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
    });
    wanted && arrival.path.starts_with(RECORDS)
}

/// What a call asks for.
#[derive(Debug)]
pub(super) enum Request {
    /// Create or replace the record with this external id.
    Upsert {
        kind: String,
        external_id: String,
        fields: Map<String, Value>,
    },
    /// Change some fields of the record with this external id.
    Update {
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
    /// Poll a job, its tasks, or the result of its one task.
    Job { id: u64, part: JobPart },
    /// What a RESTlet does.
    Restlet(restlet::Task),
}

/// What of a job is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobPart {
    Whole,
    Tasks,
    Result,
}

impl Request {
    /// True for a request that writes a record.
    pub(super) fn writes(&self) -> bool {
        match self {
            Request::Upsert { .. } | Request::Update { .. } | Request::Create { .. } => true,
            Request::Restlet(task) => task.writes(),
            _ => false,
        }
    }
}

/// The business record that a request means (its path, where it means none), and what it asks for. If something is
/// wrong with it, that is its answer: it takes a slot in the limits all the same.
pub(super) fn read(arrival: &Arrival) -> (String, Result<Request, VendorResponse>) {
    match read_request(arrival) {
        Ok((record, request)) => (record, Ok(request)),
        Err(answer) => (arrival.path.clone(), Err(answer)),
    }
}

fn read_request(arrival: &Arrival) -> Result<(String, Request), VendorResponse> {
    let (method, path) = (&arrival.method, arrival.path.as_str());
    let unknown = || response::unknown_path(method.as_str(), path);
    if path == restlet::PATH {
        let (record, task) = restlet::read(arrival)?;
        return Ok((record, Request::Restlet(task)));
    }
    if let Some((id, part)) = job(arrival) {
        return Ok((format!("job/{id}"), Request::Job { id, part }));
    }
    let (kind, id) = split_path(path).ok_or_else(unknown)?;
    let external_id = id
        .as_deref()
        .and_then(|id| id.strip_prefix("eid:"))
        .filter(|id| !id.is_empty());
    match (method, &id, external_id) {
        (&Method::PUT, _, Some(external_id)) => {
            let request = Request::Upsert {
                external_id: external_id.to_owned(),
                fields: fields(arrival)?,
                kind: kind.clone(),
            };
            Ok((format!("{kind}/eid:{external_id}"), request))
        }
        (&Method::PATCH, _, Some(external_id)) => {
            let request = Request::Update {
                external_id: external_id.to_owned(),
                fields: fields(arrival)?,
                kind: kind.clone(),
            };
            Ok((format!("{kind}/eid:{external_id}"), request))
        }
        (&Method::POST, None, None) => {
            let fields = fields(arrival)?;
            let external_id = external_id_of(&fields);
            let record = business_record(&kind, external_id.as_deref(), &fields);
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
            let id = id.parse().map_err(|_| response::nonexistent(&record))?;
            Ok((record, Request::ReadInternal { kind, id }))
        }
        _ => Err(unknown()),
    }
}

/// The external id that a record's own fields name.
pub(super) fn external_id_of(fields: &Map<String, Value>) -> Option<String> {
    match fields.get("externalId")? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// A new record is known by its external id, or else by what it holds.
pub(super) fn business_record(
    kind: &str,
    external_id: Option<&str>,
    fields: &Map<String, Value>,
) -> String {
    match external_id {
        Some(external_id) => format!("{kind}/eid:{external_id}"),
        None => format!("{kind}/body:{:016x}", digest(fields)),
    }
}

/// The job of `/services/rest/async/v1/job/{id}[/task[/{task id}/result]]`. A job here has one task, with the id 1.
fn job(arrival: &Arrival) -> Option<(u64, JobPart)> {
    let segments = arrival.segments_below(JOBS)?;
    let texts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let part = match texts[1..] {
        [] => JobPart::Whole,
        ["task"] => JobPart::Tasks,
        ["task", "1", "result"] => JobPart::Result,
        _ => return None,
    };
    let id = texts[0].parse().ok()?;
    (arrival.method == Method::GET).then_some((id, part))
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
pub(super) fn fields(arrival: &Arrival) -> Result<Map<String, Value>, VendorResponse> {
    let value = arrival.json().map_err(|why| response::no_json(&why))?;
    match invalid_item(&value) {
        Some(path) => Err(response::invalid_reference(&path)),
        None => match value {
            Value::Object(fields) => Ok(fields),
            _ => Err(response::invalid_content("a record is a JSON object")),
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
    use crate::request::RequestBody;
    use crate::request::tests::arrival;
    use serde_json::json;

    fn read(method: &Method, path: &str, body: &str) -> (String, Result<Request, VendorResponse>) {
        super::read(&arrival(method, path, &[], body))
    }

    fn refusal(read: (String, Result<Request, VendorResponse>)) -> VendorResponse {
        read.1.unwrap_err()
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
        let (record, request) = read(
            &Method::PUT,
            "/services/rest/record/v1/salesOrder/eid:SO%2F1%20a",
            "{}",
        );
        assert_eq!(record, "salesOrder/eid:SO/1 a");
        assert!(request.unwrap().writes());
    }

    #[test]
    fn a_created_record_is_known_by_its_external_id_or_else_by_its_body() {
        let path = "/services/rest/record/v1/salesOrder";
        assert_eq!(
            read(&Method::POST, path, r#"{"externalId":"A"}"#).0,
            "salesOrder/eid:A"
        );
        let one = read(&Method::POST, path, r#"{"memo":"a"}"#).0;
        assert_eq!(one, read(&Method::POST, path, r#"{ "memo": "a" }"#).0);
        assert_ne!(one, read(&Method::POST, path, r#"{"memo":"b"}"#).0);
    }

    #[test]
    fn either_idempotency_header_is_read_whatever_its_case() {
        for name in ["X-NetSuite-Idempotency-Key", "IDEMPOTENCY-KEY"] {
            let path = "/services/rest/record/v1/customer";
            let request = arrival(&Method::POST, path, &[(name, "k-1")], "{}");
            assert_eq!(idempotency_key(&request).as_deref(), Some("k-1"));
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
            let body = answer.body();
            assert_eq!(body["o:errorDetails"][0]["o:errorCode"], "INVALID_CONTENT");
        }
    }

    #[test]
    fn a_body_over_the_bound_is_too_large() {
        let path = "/services/rest/record/v1/customer/eid:1";
        let mut request = arrival(&Method::PUT, path, &[], "");
        request.body = RequestBody::Over(10);
        assert_eq!(refusal(super::read(&request)).status, 413);
    }

    #[test]
    fn a_job_is_read_whole_by_its_tasks_or_by_its_result() {
        let part = |path: &str| match read(&Method::GET, &format!("{JOBS}{path}"), "").1 {
            Ok(Request::Job { id: 7, part }) => Some(part),
            _ => None,
        };
        assert_eq!(part("7"), Some(JobPart::Whole));
        assert_eq!(part("7/task"), Some(JobPart::Tasks));
        assert_eq!(part("7/task/1/result"), Some(JobPart::Result));
        for other in ["7/", "x", "7/task/2/result", "7/else"] {
            assert_eq!(part(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_request_for_records_is_worked_on_in_the_background() {
        let asked = |path: &str, prefer: &str| {
            is_asynchronous(&arrival(&Method::POST, path, &[("Prefer", prefer)], "{}"))
        };
        let records = "/services/rest/record/v1/salesOrder";
        assert!(asked(records, "respond-async"));
        assert!(asked(records, "transient, respond-async"));
        assert!(!asked(records, "transient"));
        assert!(!asked("/services/rest/query/v1/suiteql", "respond-async"));
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
