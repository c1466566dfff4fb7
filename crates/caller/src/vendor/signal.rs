//! What answers mean, as rows of a table: a vendor's own, or those of a configuration.

use std::borrow::Cow;
use std::time::Duration;

use rampmeter_call::Answer;

use super::Condition;
use crate::meaning::Meaning;

/// An answer with what else is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// Its error code.
    pub code: Option<&'a str>,
    /// Time from the first byte sent to the last one received.
    pub took: Duration,
}

/// One row of what answers mean: it fits an answer that has this status and, if given, this code, and that meets all of the
/// conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// HTTP status; none fits every status outside 200 to 299.
    pub status: Option<u16>,
    /// The vendor's error code; none fits every code.
    pub code: Option<Cow<'static, str>>,
    /// What else must hold.
    pub when: Cow<'static, [Condition]>,
    /// What such an answer means.
    pub meaning: Meaning,
    /// How long to leave the vendor alone, after a throttle that does not say so itself.
    pub pause: Option<Duration>,
}

impl Signal {
    pub(super) const fn of(status: u16, code: &'static str, meaning: Meaning) -> Signal {
        Signal {
            status: Some(status),
            code: Some(Cow::Borrowed(code)),
            when: Cow::Borrowed(&[]),
            meaning,
            pause: None,
        }
    }

    pub(super) const fn status(status: u16, meaning: Meaning) -> Signal {
        Signal {
            status: Some(status),
            code: None,
            when: Cow::Borrowed(&[]),
            meaning,
            pause: None,
        }
    }

    pub(super) const fn when(status: u16, when: &'static [Condition], meaning: Meaning) -> Signal {
        Signal {
            status: Some(status),
            code: None,
            when: Cow::Borrowed(when),
            meaning,
            pause: None,
        }
    }

    /// Whether it needs the code of a successful answer: most signals do not, and then the body of such an answer is not
    /// searched.
    pub(super) fn wants_code_of_success(&self) -> bool {
        self.code.is_some()
            && self
                .status
                .is_some_and(|status| (200..300).contains(&status))
    }

    pub(crate) fn fits(&self, seen: &Seen<'_>) -> bool {
        let status = seen.answer.status;
        let right_status = match self.status {
            Some(wanted) => wanted == status,
            None => !(200..300).contains(&status),
        };
        right_status
            && self
                .code
                .as_deref()
                .is_none_or(|code| seen.code == Some(code))
            && self
                .when
                .iter()
                .all(|condition| condition.holds(seen.answer))
    }
}
