//! `idempotency` of a target: how a call is named for its vendor, so that a repeat is known as one.

use std::borrow::Cow;

use rampmeter_call::HeaderError;
use rampmeter_caller::header;
use rampmeter_caller::preset::Idempotency;

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
    let ways = [
        ("none", Way::None),
        ("idempotency-key", Way::Bare),
        ("idempotency-key-quoted", Way::Quoted),
        ("repeatability", Way::Repeatability),
        ("sap-gateway", Way::SapGateway),
    ];
    let standard = |quoted| Idempotency::Header {
        name: Cow::Borrowed("idempotency-key"),
        quoted,
    };
    Some(match target.word("idempotency", &ways)? {
        Way::None => Idempotency::None,
        Way::Bare => standard(false),
        Way::Quoted => standard(true),
        Way::Repeatability => Idempotency::Repeatability,
        Way::SapGateway => Idempotency::SapGateway,
    })
}

#[derive(Clone, Copy)]
enum Way {
    None,
    Bare,
    Quoted,
    Repeatability,
    SapGateway,
}

fn header_name(name: &str) -> Result<String, String> {
    match header::typed(name, "") {
        Ok(_) | Err(HeaderError::Idempotency(_)) => Ok(name.to_ascii_lowercase()),
        Err(error) => Err(format!("cannot be used: {error}")),
    }
}
