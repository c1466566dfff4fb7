//! What X-Ray is told of a call: a segment for the time that its message was served, and a subsegment for each attempt
//! at the vendor. Pure: ids and times are arguments. Of a request it gives the method and the URL without its query,
//! and nothing of headers, bodies or the vendor's texts.
//!
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>

use rampmeter_call::{Outcome, Repeatable};
use rampmeter_dispatch::{Priority, Time};
use serde_json::{Value, json};

use crate::trace::{SegmentId, TraceHeader};

/// The longest name of a segment, in characters.
const MAX_NAME_CHARS: usize = 200;
/// The longest URL that is told, in characters.
const MAX_URL_CHARS: usize = 1_000;

/// The time that one message is served.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    id: SegmentId,
    /// The header that the message came with.
    header: TraceHeader,
    began: Time,
}

impl Segment {
    /// A segment of the trace that the header names, if that trace is recorded.
    pub(crate) fn of(header: Option<&TraceHeader>, id: SegmentId, began: Time) -> Option<Segment> {
        let header = header.filter(|header| header.is_sampled())?.clone();
        Some(Segment { id, header, began })
    }

    /// The header of every request that belongs to it.
    pub(crate) fn header(&self) -> TraceHeader {
        self.header.under(self.id)
    }

    /// The document of the whole segment, once the message is out of this environment's hands.
    pub(crate) fn document(&self, name: &str, target: &str, lane: Priority, ended: Time) -> Value {
        let mut document = json!({
            "name": written(name),
            "id": self.id.to_string(),
            "trace_id": self.header.id(),
            "start_time": seconds(self.began),
            "end_time": seconds(ended),
            "annotations": { "target": target, "priority": lane.to_string() },
        });
        if let Some(parent) = self.header.parent() {
            document["parent_id"] = parent.into();
        }
        document
    }

    /// The document of one attempt.
    pub(crate) fn attempt(&self, id: SegmentId, attempt: &Attempted<'_>) -> Value {
        let mut document = json!({
            "type": "subsegment",
            "name": written(attempt.host),
            "namespace": "remote",
            "id": id.to_string(),
            "trace_id": self.header.id(),
            "parent_id": self.id.to_string(),
            "start_time": seconds(attempt.began),
            "end_time": seconds(attempt.ended),
            "http": { "request": {
                "method": attempt.method,
                "url": attempt.url.chars().take(MAX_URL_CHARS).collect::<String>(),
            } },
        });
        if let Some(status) = attempt.seen.status {
            document["http"]["response"] = json!({ "status": status });
        }
        for flag in attempt.seen.flags {
            document[*flag] = true.into();
        }
        document
    }
}

/// One attempt at the vendor.
#[derive(Debug)]
pub(crate) struct Attempted<'a> {
    pub(crate) host: &'a str,
    pub(crate) method: &'a str,
    /// Without its query.
    pub(crate) url: &'a str,
    pub(crate) began: Time,
    pub(crate) ended: Time,
    pub(crate) seen: Seen,
}

/// What X-Ray is told of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    status: Option<u16>,
    /// `error`: the vendor refused it; `throttle`: too much was asked of it; `fault`: it failed, or nobody knows.
    flags: &'static [&'static str],
}

impl Seen {
    /// Makes it from an outcome.
    pub(crate) fn of(outcome: &Outcome) -> Seen {
        let status = outcome.answer().map(|answer| answer.status);
        let flags: &[&str] = match outcome {
            Outcome::Success(_) => &[],
            Outcome::Throttled { .. } => &["error", "throttle"],
            Outcome::Repeatable {
                reason: Repeatable::GotReady,
                ..
            } => &[],
            _ if status.is_some_and(|status| status < 500) => &["error"],
            Outcome::Invalid { .. } => &["error"],
            Outcome::Final { .. }
            | Outcome::Repeatable { .. }
            | Outcome::Unknown { .. }
            | Outcome::Unresolved { .. } => &["fault"],
        };
        Seen { status, flags }
    }
}

/// A name as X-Ray accepts it: letters, digits and a few signs; anything else becomes `_`.
fn written(name: &str) -> String {
    let sign = |sign: char| sign.is_alphanumeric() || " _.:/%&#=+\\-@".contains(sign);
    let written = name.chars().take(MAX_NAME_CHARS);
    written
        .map(|one| if sign(one) { one } else { '_' })
        .collect()
}

/// Seconds since the epoch, with a fraction.
fn seconds(time: Time) -> f64 {
    time.as_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use rampmeter_call::{Answer, Throttle};

    use super::*;

    const HEADER: &str =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    fn segment(header: &str) -> Option<Segment> {
        let header = TraceHeader::parse(header).unwrap();
        Segment::of(Some(&header), SegmentId(0xa), Time::from_millis(1_500))
    }

    #[test]
    fn a_segment_belongs_to_the_trace_and_under_the_segment_that_sent_the_message() {
        let segment = segment(HEADER).unwrap();
        let ended = Time::from_millis(2_750);
        assert_eq!(
            segment.document("netsuite-worker", "netsuite", Priority::High, ended),
            json!({
                "name": "netsuite-worker", "id": "000000000000000a", "parent_id": "53995c3f42cd8ad8",
                "trace_id": "1-5759e988-bd862e3fe1be46a994272793", "start_time": 1.5, "end_time": 2.75,
                "annotations": { "target": "netsuite", "priority": "HIGH" },
            })
        );
        assert_eq!(
            segment.header().to_string(),
            HEADER.replace("53995c3f42cd8ad8", "000000000000000a")
        );
    }

    #[test]
    fn a_trace_that_is_not_recorded_has_no_segment() {
        assert_eq!(segment(&HEADER.replace("Sampled=1", "Sampled=0")), None);
        assert_eq!(Segment::of(None, SegmentId(1), Time::from_millis(0)), None);
    }

    #[test]
    fn an_attempt_says_where_it_went_and_how_the_vendor_answered_and_no_more() {
        let segment = segment(HEADER).unwrap();
        let outcome = Outcome::Throttled {
            kind: Throttle::Window,
            retry_after: None,
            for_all: false,
            answer: answer(429),
            vendor_code: Some("SECRET".to_owned()),
        };
        let attempt = Attempted {
            host: "tenant.example",
            method: "POST",
            url: "https://tenant.example/record",
            began: Time::from_millis(2_000),
            ended: Time::from_millis(2_250),
            seen: Seen::of(&outcome),
        };
        assert_eq!(
            segment.attempt(SegmentId(0xb), &attempt),
            json!({
                "type": "subsegment", "name": "tenant.example", "namespace": "remote", "id": "000000000000000b",
                "trace_id": "1-5759e988-bd862e3fe1be46a994272793", "parent_id": "000000000000000a",
                "start_time": 2.0, "end_time": 2.25, "error": true, "throttle": true,
                "http": {
                    "request": { "method": "POST", "url": "https://tenant.example/record" },
                    "response": { "status": 429 },
                },
            })
        );
    }

    #[test]
    fn a_refusal_is_an_error_and_a_failure_or_an_answer_that_was_lost_is_a_fault() {
        let of = |outcome| Seen::of(&outcome).flags;
        let refused = |status| Outcome::Final {
            answer: answer(status),
            vendor_code: None,
        };
        assert_eq!(of(Outcome::Success(answer(200))), [""; 0]);
        assert_eq!(of(refused(404)), ["error"]);
        assert_eq!(of(refused(501)), ["fault"]);
        let lost = Outcome::Unknown {
            reason: "reset".to_owned(),
            gateway: None,
        };
        assert_eq!(of(lost), ["fault"]);
    }

    #[test]
    fn a_name_has_only_what_x_ray_takes_and_is_not_too_long() {
        assert_eq!(written("a<b>*é-1"), "a_b__é-1");
        assert_eq!(written(&"n".repeat(300)).len(), 200);
    }

    fn answer(status: u16) -> Answer {
        Answer {
            status,
            status_text: String::new(),
            headers: Vec::new(),
            body: Value::Null,
            ..Answer::default()
        }
    }
}
