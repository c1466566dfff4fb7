//! What a request to an OData service asks for, read from its method, path, query and body. Reading changes nothing.

use super::response;
use crate::request::{Arrival, NoJson};
use crate::response::VendorResponse;
use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The version of OData that a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V2,
    V4,
}

/// Where services lie, how many segments name one, and what it speaks: Gateway's V2 and V4, and SuccessFactors.
const ROOTS: [(&str, usize, Version); 3] = [
    ("/sap/opu/odata/sap/", 1, Version::V2),
    ("/sap/opu/odata4/sap/", 5, Version::V4),
    ("/odata/v2", 0, Version::V2),
];

/// What a call asks for.
#[derive(Debug)]
pub(super) enum Request {
    /// The service's own document, or its metadata.
    Service { metadata: bool },
    /// Create an entity.
    Create {
        set: String,
        fields: Map<String, Value>,
    },
    /// Read the entity with this key.
    Read { set: String, key: String },
    /// The entities of a set, those that have this value in this property where one is named.
    List {
        set: String,
        filter: Option<(String, String)>,
    },
    /// Change the entity with this key.
    Change {
        set: String,
        key: String,
        fields: Map<String, Value>,
    },
    /// SuccessFactors: create or change the entity that the body names.
    Upsert {
        set: String,
        key: String,
        fields: Map<String, Value>,
    },
}

impl Request {
    pub(super) fn writes(&self) -> bool {
        !matches!(
            self,
            Request::Service { .. } | Request::Read { .. } | Request::List { .. }
        )
    }
}

/// A request as it was read: the version of its service, the business record it means, and what it asks for.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) version: Version,
    pub(super) record: String,
    pub(super) request: Request,
}

/// True for the paths that belong to OData services.
pub(super) fn is_limited(path: &str) -> bool {
    ROOTS.iter().any(|(root, _, _)| path.starts_with(root))
}

/// Reads a request.
pub(super) fn read(arrival: &Arrival) -> Result<Read, VendorResponse> {
    let path = arrival.path.as_str();
    let (root, depth, version) = ROOTS
        .iter()
        .find(|(root, _, _)| path.starts_with(root))
        .ok_or_else(|| response::not_found(Version::V2))?;
    let (depth, version) = (*depth, *version);
    let not_found = || response::not_found(version);
    let segments: Vec<&str> = path[root.len()..]
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let below = segments.get(depth..).ok_or_else(not_found)?;
    let (record, request) = match (&arrival.method, below) {
        (&Method::GET | &Method::HEAD, []) => {
            (path.to_owned(), Request::Service { metadata: false })
        }
        (&Method::GET | &Method::HEAD, ["$metadata"]) => {
            (path.to_owned(), Request::Service { metadata: true })
        }
        (&Method::POST, ["upsert"]) if *root == "/odata/v2" => upsert(arrival)?,
        (method, [place]) => {
            let decoded = percent_decode_str(place).decode_utf8();
            let place = decoded.map_err(|_| not_found())?;
            let (set, key) = split(&place).ok_or_else(not_found)?;
            match (method, key) {
                (&Method::POST, None) => {
                    let fields = fields(arrival, version)?;
                    let record = format!("{set}/{}", Value::Object(fields.clone()));
                    (record, Request::Create { set, fields })
                }
                (&Method::GET, None) => {
                    let filter = filter(arrival, version)?;
                    (path.to_owned(), Request::List { set, filter })
                }
                (&Method::GET, Some(key)) => (format!("{set}/{key}"), Request::Read { set, key }),
                (&Method::PATCH | &Method::PUT, Some(key)) => {
                    let record = format!("{set}/{key}");
                    let fields = fields(arrival, version)?;
                    (record, Request::Change { set, key, fields })
                }
                _ => return Err(not_found()),
            }
        }
        _ => return Err(not_found()),
    };
    Ok(Read {
        version,
        record,
        request,
    })
}

/// `Set` or `Set('key')`.
fn split(place: &str) -> Option<(String, Option<String>)> {
    let named = |text: &str| {
        let fit = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (fit && !text.is_empty()).then(|| text.to_owned())
    };
    match place.split_once('(') {
        None => Some((named(place)?, None)),
        Some((set, rest)) => {
            let key = rest.strip_suffix(')')?;
            let key = key.strip_prefix('\'')?.strip_suffix('\'')?;
            Some((named(set)?, Some(key.replace("''", "'"))))
        }
    }
}

fn fields(arrival: &Arrival, version: Version) -> Result<Map<String, Value>, VendorResponse> {
    match arrival.json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => {
            let why = NoJson::Unreadable("an entity is a JSON object".to_owned());
            Err(response::no_json(version, &why))
        }
        Err(why) => Err(response::no_json(version, &why)),
    }
}

/// `$filter=Property eq 'value'`, and no other.
fn filter(arrival: &Arrival, version: Version) -> Result<Option<(String, String)>, VendorResponse> {
    let Some(text) = arrival.query_value("$filter") else {
        return Ok(None);
    };
    let parsed = text.split_once(" eq ").and_then(|(property, quoted)| {
        let value = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
        Some((property.to_owned(), value.replace("''", "'")))
    });
    parsed.map(Some).ok_or_else(|| {
        let message = "only $filter=Property eq 'value' is understood here";
        response::error(version, 400, "/IWBEP/CM_MGW_RT/022", message)
    })
}

/// The body of SuccessFactors' upsert names its entity: `{"__metadata": {"uri": "User('x')"}, ...}`.
fn upsert(arrival: &Arrival) -> Result<(String, Request), VendorResponse> {
    let mut fields = fields(arrival, Version::V2)?;
    let metadata = fields.remove("__metadata").unwrap_or_default();
    let named = metadata.get("uri").and_then(Value::as_str).and_then(split);
    let Some((set, Some(key))) = named else {
        let message = "__metadata.uri names no entity";
        return Err(response::error(Version::V2, 400, "COE0021", message));
    };
    let record = format!("{set}/{key}");
    Ok((record, Request::Upsert { set, key, fields }))
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
        let v2 = "/sap/opu/odata/sap/API_SALES_ORDER_SRV";
        let v4 = "/sap/opu/odata4/sap/api_x/srvd_a2x/sap/salesorder/0001";
        let filter = "$filter=PurchaseOrderByCustomer%20eq%20'SO%2D1'";
        let upsert = r#"{"__metadata": {"uri": "User('x')"}, "a": 1}"#;
        for (method, path, body, expected) in [
            (Method::GET, format!("{v2}/"), "", 0),
            (Method::GET, format!("{v2}/$metadata"), "", 0),
            (Method::POST, format!("{v2}/A_SalesOrder"), "{}", 0),
            (Method::POST, format!("{v4}/SalesOrder"), "{}", 0),
            (Method::POST, format!("{v2}/A_SalesOrder"), "[]", 400),
            (Method::GET, format!("{v2}/A_SalesOrder('1')"), "", 0),
            (Method::GET, format!("{v2}/A_SalesOrder?{filter}"), "", 0),
            (Method::GET, format!("{v2}/A_SalesOrder?$filter=a"), "", 400),
            (Method::PATCH, format!("{v2}/A_SalesOrder('1')"), "{}", 0),
            (Method::DELETE, format!("{v2}/A_SalesOrder('1')"), "", 404),
            (Method::GET, "/sap/opu/odata/sap/".to_owned(), "", 404),
            (Method::GET, format!("{v4}/SalesOrder/x/y"), "", 404),
            (Method::POST, "/odata/v2/upsert".to_owned(), upsert, 0),
            (Method::POST, "/odata/v2/upsert".to_owned(), "{}", 400),
        ] {
            assert_eq!(status(&method, &path, body), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_quote_in_a_key_is_doubled() {
        assert_eq!(
            split("User('o''neil')"),
            Some(("User".to_owned(), Some("o'neil".to_owned())))
        );
        for wrong in ["", "A(1)", "A('1'", "A B", "('1')"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
