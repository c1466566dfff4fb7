//! What a request to the REST API asks for, read from its method, path, query and body. Reading changes nothing.

use super::response;
use crate::request::{Arrival, NoJson};
use crate::response::VendorResponse;
use axum::http::Method;
use serde_json::{Map, Value};

const DATA: &str = "/services/data/";

/// What a call asks for.
#[derive(Debug)]
pub(super) enum Request {
    /// Create the record that has this value in this field, or change it.
    Upsert {
        version: u32,
        object: String,
        field: String,
        value: String,
        fields: Map<String, Value>,
        update_only: bool,
    },
    /// Create a record.
    Insert {
        object: String,
        fields: Map<String, Value>,
    },
    /// Change the record with this id.
    Update {
        object: String,
        id: String,
        fields: Map<String, Value>,
    },
    /// Read the record with this id.
    Read { object: String, id: String },
    /// Read the record that has this value in this field.
    ReadExternal {
        version: u32,
        object: String,
        field: String,
        value: String,
    },
    /// The ids of the records that have this value in this field.
    Query {
        object: String,
        field: String,
        value: String,
    },
}

/// A request below `/services/data/`: for records, or for what the API says of itself.
#[derive(Debug)]
pub(super) enum Asked {
    Versions,
    Limits,
    Records { record: String, request: Request },
}

/// Reads a request.
pub(super) fn read(arrival: &Arrival) -> Result<Asked, VendorResponse> {
    if arrival.method == Method::GET && matches!(&*arrival.path, "/services/data" | DATA) {
        return Ok(Asked::Versions);
    }
    let segments = arrival
        .segments_below(DATA)
        .ok_or_else(response::not_found)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let version = segments
        .first()
        .and_then(|text| text.strip_prefix('v')?.strip_suffix(".0")?.parse().ok())
        .ok_or_else(response::not_found)?;
    let (record, request) = match (&arrival.method, &segments[1..]) {
        (&Method::GET, ["limits"]) => return Ok(Asked::Limits),
        (&Method::GET, ["query"]) => query(arrival)?,
        (&Method::POST, ["sobjects", object]) => insert(arrival, object)?,
        (&Method::PATCH, ["sobjects", object, id]) => {
            let request = Request::Update {
                object: (*object).to_owned(),
                id: (*id).to_owned(),
                fields: fields(arrival)?,
            };
            (format!("{object}/{id}"), request)
        }
        (&Method::GET, ["sobjects", object, id]) => {
            let request = Request::Read {
                object: (*object).to_owned(),
                id: (*id).to_owned(),
            };
            (format!("{object}/{id}"), request)
        }
        (&Method::PATCH, ["sobjects", object, field, value]) => {
            let mut fields = fields(arrival)?;
            // Salesforce refuses a body that repeats the field of the path.
            if fields.remove(*field).is_some() {
                let message = "The external id field must not be in the body of an upsert";
                return Err(response::error(400, "INVALID_FIELD", message));
            }
            let request = Request::Upsert {
                version,
                object: (*object).to_owned(),
                field: (*field).to_owned(),
                value: (*value).to_owned(),
                fields,
                update_only: arrival.query_value("updateOnly").as_deref() == Some("true"),
            };
            (format!("{object}/{field}/{value}"), request)
        }
        (&Method::GET, ["sobjects", object, field, value]) => {
            let request = Request::ReadExternal {
                version,
                object: (*object).to_owned(),
                field: (*field).to_owned(),
                value: (*value).to_owned(),
            };
            (format!("{object}/{field}/{value}"), request)
        }
        _ => return Err(response::not_found()),
    };
    Ok(Asked::Records { record, request })
}

impl Request {
    pub(super) fn writes(&self) -> bool {
        matches!(
            self,
            Request::Upsert { .. } | Request::Insert { .. } | Request::Update { .. }
        )
    }
}

fn insert(arrival: &Arrival, object: &str) -> Result<(String, Request), VendorResponse> {
    let fields = fields(arrival)?;
    let record = format!("{object}/{}", Value::Object(fields.clone()));
    let object = object.to_owned();
    Ok((record, Request::Insert { object, fields }))
}

fn fields(arrival: &Arrival) -> Result<Map<String, Value>, VendorResponse> {
    match arrival.json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => {
            let why = NoJson::Unreadable("a record is a JSON object".to_owned());
            Err(response::no_json(&why))
        }
        Err(why) => Err(response::no_json(&why)),
    }
}

/// `SELECT Id FROM Object WHERE Field = 'value'`, which is enough to ask whether a record is there.
fn query(arrival: &Arrival) -> Result<(String, Request), VendorResponse> {
    let malformed = || {
        let message = "only SELECT Id FROM Object WHERE Field = 'value' is understood here";
        response::error(400, "MALFORMED_QUERY", message)
    };
    let text = arrival.query_value("q").ok_or_else(malformed)?;
    let words: Vec<&str> = text.splitn(8, ' ').collect();
    let [select, id, from, object, wher, field, "=", quoted] = words[..] else {
        return Err(malformed());
    };
    let grammar = [
        (select, "select"),
        (id, "id"),
        (from, "from"),
        (wher, "where"),
    ];
    if grammar
        .iter()
        .any(|(word, expected)| !word.eq_ignore_ascii_case(expected))
    {
        return Err(malformed());
    }
    let value = quoted
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let value = value.ok_or_else(malformed)?.replace("\\'", "'");
    let record = format!("{object}/{field}/{value}");
    let request = Request::Query {
        object: object.to_owned(),
        field: field.to_owned(),
        value,
    };
    Ok((record, request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::arrival;

    fn status(method: &Method, path: &str, body: &str) -> u16 {
        match read(&arrival(method, path, &[], body)) {
            Ok(_) => 0,
            Err(answer) => answer.status,
        }
    }

    #[test]
    fn what_the_surface_has_is_read_and_all_else_is_not_found() {
        let order = "/services/data/v60.0/sobjects/Order";
        let query = "/services/data/v60.0/query?q=SELECT+Id+FROM+Order+WHERE+A__c+%3D+'x+y'";
        for (method, path, body, expected) in [
            (Method::GET, "/services/data/", "", 0),
            (Method::GET, "/services/data/v60.0/limits", "", 0),
            (Method::GET, query, "", 0),
            (Method::POST, order, "{}", 0),
            (Method::POST, order, "[]", 400),
            (Method::POST, order, "{", 400),
            (Method::PATCH, &format!("{order}/A__c/a%2Fb"), "{}", 0),
            (
                Method::PATCH,
                &format!("{order}/A__c/x"),
                r#"{"A__c":"x"}"#,
                400,
            ),
            (Method::PUT, &format!("{order}/A__c/x"), "{}", 404),
            (Method::GET, "/services/data/60/limits", "", 404),
            (Method::GET, "/services/data/v60.0/query?q=SELECT", "", 400),
        ] {
            assert_eq!(status(&method, path, body), expected, "{method} {path}");
        }
    }

    #[test]
    fn an_upsert_is_known_by_object_field_and_value() {
        let path = "/services/data/v60.0/sobjects/Order/A__c/a%2Fb";
        match read(&arrival(&Method::PATCH, path, &[], "{}")).unwrap() {
            Asked::Records { record, request } => {
                assert_eq!(record, "Order/A__c/a/b");
                assert!(request.writes());
            }
            other => panic!("{other:?}"),
        }
    }
}
