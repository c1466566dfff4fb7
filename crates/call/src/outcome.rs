//! What became of one attempt of a call, in terms that a host can act on. What an answer means is decided by `caller`, and
//! what follows from an outcome by `next_action`.

use std::time::Duration;

use crate::answer::Answer;

/// What became of one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The vendor did it.
    Success(Answer),
    /// The vendor's final failure: repeating the same call would give the same answer.
    Final {
        /// The answer.
        answer: Answer,
        /// The vendor's own error code, where the body holds one.
        vendor_code: Option<String>,
    },
    /// The vendor did not do it because too much was asked of it. It uses up no attempt.
    Throttled {
        /// Which sort of limit refused it.
        kind: Throttle,
        /// How long the vendor asks to be left alone, if it says so.
        retry_after: Option<Duration>,
        /// The vendor says that nobody may call: the account has nothing left.
        for_all: bool,
        /// The answer.
        answer: Answer,
        /// The vendor's own error code, where the body holds one.
        vendor_code: Option<String>,
    },
    /// It failed for a reason that may pass; it may be attempted again with the same idempotency
    /// key.
    Repeatable {
        /// Why.
        reason: Repeatable,
        /// The answer, if there was one.
        answer: Option<Answer>,
        /// The vendor's own error code, where the body holds one.
        vendor_code: Option<String>,
    },
    /// It may have been sent and the vendor's own answer is missing or incomplete: the vendor may or may not have
    /// done it. A gateway that answers in the vendor's place says no more than that.
    Unknown {
        /// What was lost, in words, or what a gateway said instead.
        reason: String,
        /// The status with which a gateway answered in the vendor's place, if one did.
        gateway: Option<u16>,
    },
    /// An earlier attempt may have done it, and the vendor could not tell whether it did: nothing was sent.
    Unresolved {
        /// Why that cannot be found out, in words.
        reason: String,
    },
    /// It could not be built, so nothing was sent and no retry can help.
    Invalid {
        /// Which rule it breaks, in words.
        reason: String,
    },
}

impl Outcome {
    /// Whether the vendor may have done the call although no answer says so.
    #[must_use]
    pub fn may_have_been_done(&self) -> bool {
        matches!(
            self,
            Outcome::Unknown { .. }
                | Outcome::Repeatable {
                    reason: Repeatable::MaybeDone,
                    ..
                }
        )
    }

    /// The vendor's answer, where there is one.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Outcome::Success(answer)
            | Outcome::Final { answer, .. }
            | Outcome::Throttled { answer, .. } => Some(answer),
            Outcome::Repeatable { answer, .. } => answer.as_ref(),
            Outcome::Unknown { .. } | Outcome::Unresolved { .. } | Outcome::Invalid { .. } => None,
        }
    }

    /// What went wrong, in a line for people; none if the call went well, or nothing was sent that could have.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        match self {
            Outcome::Success(_)
            | Outcome::Invalid { .. }
            | Outcome::Unresolved { .. }
            | Outcome::Repeatable {
                reason: Repeatable::GotReady | Repeatable::PerhapsAtWork(_),
                ..
            } => None,
            Outcome::Final {
                answer,
                vendor_code,
            }
            | Outcome::Throttled {
                answer,
                vendor_code,
                ..
            } => Some(status_line(answer, vendor_code.as_deref())),
            Outcome::Repeatable {
                reason:
                    Repeatable::ConnectFailed(why)
                    | Repeatable::SignInFailed(why)
                    | Repeatable::FetchLost { reason: why, .. },
                ..
            } => Some(why.clone()),
            Outcome::Repeatable {
                answer,
                vendor_code,
                ..
            } => Some(match answer {
                Some(answer) => status_line(answer, vendor_code.as_deref()),
                None => "a passing failure".to_owned(),
            }),
            Outcome::Unknown { reason, .. } => Some(reason.clone()),
        }
    }

    /// See [`Repeatable::GotReady`].
    #[must_use]
    pub fn got_ready() -> Outcome {
        Outcome::Repeatable {
            reason: Repeatable::GotReady,
            answer: None,
            vendor_code: None,
        }
    }
}

/// `503 Service Unavailable (SERVER_UNAVAILABLE)`.
fn status_line(answer: &Answer, vendor_code: Option<&str>) -> String {
    let mut line = format!("{} {}", answer.status, answer.status_text);
    line.truncate(line.trim_end().len());
    if let Some(code) = vendor_code {
        line.push_str(&format!(" ({code})"));
    }
    line
}

/// Which sort of limit refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Throttle {
    /// Too many calls at once.
    Concurrency,
    /// Too many calls in a period, or the vendor is overloaded.
    Window,
}

/// Why a call may be attempted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// No connection was made, so nothing of the call was sent.
    ConnectFailed(String),
    /// The vendor reports a passing failure of its own, and that it did not carry out the call.
    ServerError,
    /// The vendor failed in a way that does not say whether it did the call before (500, say).
    MaybeDone,
    /// There is no access token, so nothing of the call was sent.
    SignInFailed(String),
    /// The answer to a request that was to get the call ready was lost, the fetch of a CSRF token for example: nothing of the
    /// call was sent, but the vendor may still be at work on that request.
    FetchLost {
        /// What was lost, in words.
        reason: String,
        /// The status with which a gateway answered in the vendor's place, if one did.
        gateway: Option<u16>,
    },
    /// The vendor says that it did not do the call, while it may still be at work on an earlier request of it: that is no answer
    /// yet, and it is to be asked again. After so long it is at work no more.
    PerhapsAtWork(Duration),
    /// The vendor refused an access token, or the session of a CSRF token; the next attempt has a new one.
    SignInExpired,
    /// The permit was used to get ready (for example to sign in, where the vendor counts that), and nothing of the call
    /// was sent. It may go on with its next permit at once, and has used up no attempt.
    GotReady,
}

impl Repeatable {
    /// Whether the next attempt may follow at once: it has what this one lacked, and a delay would not
    /// help.
    #[must_use]
    pub fn may_go_on_at_once(&self) -> bool {
        matches!(self, Repeatable::SignInExpired | Repeatable::GotReady)
    }
}
