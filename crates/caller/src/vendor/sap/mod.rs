//! SAP: what its products have in common, and each of them in a file of its own.

mod csrf;
pub(crate) mod gateway;
mod odata;
mod successfactors;

use std::time::Duration;

use rampmeter_call::Answer;

use super::{Seen, http};

pub(super) use csrf::CSRF;
pub(super) use odata::ODATA;
pub(super) use successfactors::SUCCESSFACTORS;

/// OData's own place, or that of a fault of API Management.
fn vendor_code(answer: &Answer) -> Option<String> {
    let fault = answer.body.pointer("/fault/detail/errorcode");
    fault
        .and_then(http::as_code)
        .filter(|_| answer.status >= 300)
        .or_else(|| http::vendor_code(answer))
}

/// An error of OData with a code of its own; one of the framework (`/IWFND/`) says that the service is not there.
fn is_absent(answer: &Answer) -> bool {
    answer.status == 404 && vendor_code(answer).is_some_and(|code| !code.starts_with("/IWFND/"))
}

/// The `throttling` header of BTP services: the pause in milliseconds.
fn throttling_pause(seen: &Seen<'_>) -> Option<Duration> {
    let milliseconds: u64 = seen.answer.header("throttling")?.trim().parse().ok()?;
    Some(Duration::from_millis(milliseconds))
}
