//! The RESTlets of the account: one script that writes or reads a record, for RESTlets are the customers' own code and
//! only their endpoint is NetSuite's.

use super::call::{business_record, external_id_of};
use super::response::restlet_error;
use crate::request::Arrival;
use crate::response::VendorResponse;
use axum::http::Method;
use serde_json::{Map, Value};

/// Where all RESTlets are called; `script` and `deploy` in the query say which.
pub(super) const PATH: &str = "/app/site/hosting/restlet.nl";

/// What a RESTlet is asked to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Write this record, over the one with the same external id.
    Write {
        kind: String,
        external_id: Option<String>,
        fields: Map<String, Value>,
    },
    /// Read a record by its external id.
    Read { kind: String, external_id: String },
}

impl Task {
    pub(super) fn writes(&self) -> bool {
        matches!(self, Task::Write { .. })
    }
}

/// Reads a call to a RESTlet: `recordType` and `externalId` in the query of a GET or in the body of a POST or PUT.
pub(super) fn read(arrival: &Arrival) -> Result<(String, Task), VendorResponse> {
    for name in ["script", "deploy"] {
        if arrival
            .query_value(name)
            .is_none_or(|value| value.is_empty())
        {
            let message = format!("Missing a required argument: {name}");
            return Err(restlet_error("SSS_MISSING_REQD_ARGUMENT", &message));
        }
    }
    let missing = |name: &str| {
        restlet_error(
            "SSS_MISSING_REQD_ARGUMENT",
            &format!("Missing a required argument: {name}"),
        )
    };
    if arrival.method == Method::GET {
        let kind = arrival.query_value("recordType");
        let external_id = arrival.query_value("externalId");
        let kind = kind.ok_or_else(|| missing("recordType"))?;
        let external_id = external_id.ok_or_else(|| missing("externalId"))?;
        let record = business_record(&kind, Some(&external_id), &Map::new());
        return Ok((record, Task::Read { kind, external_id }));
    }
    let Ok(Value::Object(fields)) = arrival.json() else {
        let message = "The request body is no JSON object.";
        return Err(restlet_error("INVALID_REQUEST", message));
    };
    let kind = fields.get("recordType").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| missing("recordType"))?.to_owned();
    let external_id = external_id_of(&fields);
    let record = business_record(&kind, external_id.as_deref(), &fields);
    let task = Task::Write {
        kind,
        external_id,
        fields,
    };
    Ok((record, task))
}
