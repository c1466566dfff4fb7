//! What becomes of the permit of a request to the vendor, by its outcome: whether its places are free again, or the vendor may
//! still be at work, and what the gate learns from a refusal. What the gate makes of that is `dispatch`.

use rampmeter_dispatch::Throttle;

use crate::outcome::{Outcome, Throttle as Kind};

/// How the permit of one request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitEnd {
    /// The vendor has nothing more to do for it, or nothing was sent: its places are free by the rule of each limit.
    Free,
    /// The vendor may still be at work on it: its places are held for as long as the target says.
    Held,
    /// The vendor refused it. The gate is told which sort of limit did, and its places are free.
    Refused(Throttle),
}

impl PermitEnd {
    /// How a permit ends by the outcome of its request, be it a call or a poll of a job.
    #[must_use]
    pub fn of(outcome: &Outcome) -> PermitEnd {
        match outcome {
            Outcome::Unknown { .. } => PermitEnd::Held,
            Outcome::Throttled {
                kind, retry_after, ..
            } => PermitEnd::Refused(match kind {
                Kind::Concurrency => Throttle::Concurrency,
                Kind::Window => Throttle::Window {
                    retry_after: *retry_after,
                },
            }),
            Outcome::Success(_)
            | Outcome::Final { .. }
            | Outcome::Repeatable { .. }
            | Outcome::Unresolved { .. }
            | Outcome::Invalid { .. } => PermitEnd::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::answer::Answer;
    use crate::outcome::Repeatable;
    use serde_json::Value;

    use super::*;

    fn answer() -> Answer {
        Answer {
            status: 429,
            status_text: String::new(),
            headers: Vec::new(),
            body: Value::Null,
            ..Answer::default()
        }
    }

    #[test]
    fn only_a_lost_answer_holds_its_places() {
        let unknown = Outcome::Unknown {
            reason: "lost".to_owned(),
        };
        assert_eq!(PermitEnd::of(&unknown), PermitEnd::Held);
        let unresolved = Outcome::Unresolved {
            reason: "the question was not answered".to_owned(),
        };
        let server_error = Outcome::Repeatable {
            reason: Repeatable::ServerError,
            answer: Some(answer()),
            vendor_code: None,
        };
        for outcome in [Outcome::Success(answer()), unresolved, server_error] {
            assert_eq!(PermitEnd::of(&outcome), PermitEnd::Free, "{outcome:?}");
        }
    }

    #[test]
    fn a_refusal_tells_the_gate_which_sort_of_limit_refused_and_for_how_long() {
        let retry_after = Some(Duration::from_secs(7));
        let refused = |kind| {
            PermitEnd::of(&Outcome::Throttled {
                kind,
                retry_after,
                answer: answer(),
                vendor_code: None,
            })
        };
        assert_eq!(
            refused(Kind::Window),
            PermitEnd::Refused(Throttle::Window { retry_after })
        );
        assert_eq!(
            refused(Kind::Concurrency),
            PermitEnd::Refused(Throttle::Concurrency)
        );
    }
}
