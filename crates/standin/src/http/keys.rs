//! Idempotency keys as draft-ietf-httpapi-idempotency-key-header has them: the first answer is kept and replayed,
//! another payload under the same key is refused, and so is a repeat while the first is still being worked on. Pure:
//! the present is an argument.

use crate::clock::{EpochUs, microseconds};
use crate::request::{Arrival, RequestBody};
use crate::response::VendorResponse;
use axum::http::Method;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

const HEADER: &str = "idempotency-key";

/// The keys of one account.
#[derive(Debug)]
pub(super) struct Keys {
    kept: EpochUs,
    demanded: bool,
    known: HashMap<String, Known>,
    absorbed: u64,
}

#[derive(Debug)]
struct Known {
    /// Method, path and body of the first.
    payload: (String, String, Vec<u8>),
    /// `None` while the first is being worked on.
    answer: Option<VendorResponse>,
    until: EpochUs,
}

impl Keys {
    pub(super) fn new(kept: Duration, demanded: bool) -> Keys {
        Keys {
            kept: microseconds(kept),
            demanded,
            known: HashMap::new(),
            absorbed: 0,
        }
    }

    /// The key of a request: a string of Structured Fields in its quotes, or bare as most vendors want it.
    pub(super) fn of(arrival: &Arrival) -> Option<String> {
        let value = arrival.header(HEADER)?;
        let inside = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        Some(inside.unwrap_or(value).to_owned())
    }

    /// A request begins. Returns its immediate answer, if it is not to be carried out.
    pub(super) fn begin(&mut self, arrival: &Arrival, now: EpochUs) -> Option<VendorResponse> {
        if !matches!(arrival.method, Method::POST | Method::PATCH) {
            return None;
        }
        let Some(key) = Keys::of(arrival) else {
            let missing = || problem(400, "Idempotency-Key is missing");
            return self.demanded.then(missing);
        };
        self.known.retain(|_, known| known.until > now);
        let payload = payload(arrival);
        match self.known.get(&key) {
            None => {
                let until = now.saturating_add(self.kept);
                let answer = None;
                self.known.insert(
                    key,
                    Known {
                        payload,
                        answer,
                        until,
                    },
                );
                None
            }
            Some(known) if known.payload != payload => {
                Some(problem(422, "Idempotency-Key is already used"))
            }
            Some(known) => {
                let answer = known.answer.clone();
                self.absorbed += 1;
                let at_work = || problem(409, "A request is outstanding for this Idempotency-Key");
                Some(answer.unwrap_or_else(at_work))
            }
        }
    }

    /// Notes the answer of a request.
    pub(super) fn end(&mut self, arrival: &Arrival, answer: &VendorResponse) {
        if let Some(known) = Keys::of(arrival).and_then(|key| self.known.get_mut(&key)) {
            known.answer = Some(answer.clone());
        }
    }

    pub(super) fn absorbed(&self) -> u64 {
        self.absorbed
    }
}

fn payload(arrival: &Arrival) -> (String, String, Vec<u8>) {
    let body = match &arrival.body {
        RequestBody::Whole(bytes) => bytes.to_vec(),
        RequestBody::Over(_) => Vec::new(),
    };
    (arrival.method.to_string(), arrival.path.clone(), body)
}

/// A problem of RFC 9457.
fn problem(status: u16, title: &'static str) -> VendorResponse {
    VendorResponse::json(status, json!({ "title": title, "status": status })).coded(title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::arrival;

    fn post(key: &str, body: &str) -> Arrival {
        arrival(&Method::POST, "/orders", &[("Idempotency-Key", key)], body)
    }

    fn status(answer: Option<VendorResponse>) -> u16 {
        answer.map_or(0, |answer| answer.status)
    }

    #[test]
    fn a_repeat_is_refused_while_the_first_is_at_work_and_replayed_after() {
        let mut keys = Keys::new(Duration::from_secs(1), false);
        let first = post("\"k\"", "{}");
        assert_eq!(keys.begin(&first, 0), None);
        assert_eq!(status(keys.begin(&post("k", "{}"), 0)), 409);
        assert_eq!(status(keys.begin(&post("k", "[]"), 0)), 422);
        keys.end(&first, &VendorResponse::empty(201));
        assert_eq!(status(keys.begin(&first, 999_999)), 201);
        assert_eq!(keys.begin(&first, 1_000_000), None, "it is forgotten");
        assert_eq!(keys.absorbed(), 2);
    }

    #[test]
    fn a_key_can_be_demanded_of_what_is_not_idempotent_by_itself() {
        let mut keys = Keys::new(Duration::from_secs(1), true);
        let bare = |method| arrival(&method, "/orders", &[], "{}");
        assert_eq!(status(keys.begin(&bare(Method::POST), 0)), 400);
        assert_eq!(keys.begin(&bare(Method::PUT), 0), None);
    }
}
