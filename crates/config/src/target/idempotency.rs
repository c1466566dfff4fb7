//! `idempotency` of a target: how a call is identified to its vendor, so that a retry is
//! recognised.

use std::borrow::Cow;

use rampmeter_call::HeaderError;
use rampmeter_caller::typed_header;
use rampmeter_caller::vendor::Idempotency;

use crate::document::{Reading, Section, Value};
use crate::problem::Code;

/// `idempotency = "repeatability"`, or `{ header = "X-Request-Id", quoted = true }`.
pub(crate) fn read(reading: &Reading<'_>, target: &Section<'_>) -> Option<Idempotency> {
    let node = target.get("idempotency")?;
    if let Value::Table(_) = &node.value {
        let keys = &["header", "quoted"];
        let section = Section::open(reading, "idempotency", node, "idempotency", keys)?;
        let name = section
            .requires("header")
            .then(|| section.parsed("header", Code::BadHeader, header_name))
            .flatten()?;
        return Some(Idempotency::Header {
            name: Cow::Owned(name),
            quoted: section.flag("quoted").unwrap_or(false),
        });
    }
    target.word("idempotency", &Idempotency::NAMED)
}

fn header_name(name: &str) -> Result<String, String> {
    match typed_header(name, "") {
        Ok(_) | Err(HeaderError::Idempotency(_)) => Ok(name.to_ascii_lowercase()),
        Err(error) => Err(format!("cannot be used: {error}")),
    }
}
