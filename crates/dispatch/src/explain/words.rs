//! An explanation in words: the one wording for the command line, the dashboard and `health`.

use std::fmt::Write as _;
use std::time::Duration;

use super::explanation::Explanation;
use super::holder::Holder;
use super::start::Start;
use crate::feedback::Trouble;
use crate::pause::Scope;
use crate::time::Time;

impl Explanation {
    /// What holds the call, as the end of a sentence that begins with "held by".
    pub fn words(&self, now: Time) -> String {
        let mut words = self.held_by.words();
        match (&self.held_by, self.until) {
            (Holder::Nothing | Holder::CallsAhead, _) => {}
            (held_by, _) if held_by.needs_a_person() => {}
            // A moment that is beyond all time is none.
            (_, Some(Time::MAX)) => {}
            (Holder::Trouble { .. }, _) => {}
            (held_by, Some(until)) if until > now => {
                let comma = if *held_by == Holder::VendorPause {
                    ""
                } else {
                    ","
                };
                let _ = write!(words, "{comma} for another {}", span(until, now));
            }
            (
                Holder::Limit { .. }
                | Holder::Cost { .. }
                | Holder::Reserve { .. }
                | Holder::SlotForPolls { .. }
                | Holder::Share { .. },
                None,
            ) => words.push_str(", until a call is answered"),
            _ => {}
        }
        if let Some(since) = self.since.filter(|since| *since < now) {
            let _ = write!(words, ", for {} so far", span(now, since));
        }
        if matches!(self.held_by, Holder::Trouble { .. }) {
            match self.until {
                Some(until) if until > now => {
                    let _ = write!(words, "; the next probe leaves in {}", span(until, now));
                }
                Some(_) => words.push_str("; the next probe leaves now"),
                None => words.push_str("; a probe is in flight"),
            }
        }
        words
    }
}

impl Start {
    /// When the call should start, as the end of a sentence that begins with "starts".
    pub fn words(self, now: Time) -> String {
        match self {
            Start::Now => "now".to_owned(),
            Start::About(moment) if moment == Time::MAX => Start::Unknown.words(now),
            Start::About(moment) => format!("in about {}", span(moment, now)),
            Start::NotBefore(moment) if moment > now && moment < Time::MAX => {
                format!("in {} at the earliest", span(moment, now))
            }
            Start::NotBefore(_) | Start::Unknown => "at a time that cannot be known yet".to_owned(),
        }
    }
}

impl Holder {
    fn words(&self) -> String {
        match self {
            Holder::Nothing => "nothing: it starts next".to_owned(),
            Holder::CallsAhead => "the calls ahead of it in its lane".to_owned(),
            Holder::Limit { limit, used, max } => format!("limit {limit}: {used} of {max} used"),
            Holder::Cost {
                limit,
                used,
                max,
                cost,
            } => format!("limit {limit}: {used} of {max} used, and it takes {cost}"),
            Holder::Reserve { limit, max, .. } if self.needs_a_person() => {
                format!(
                    "limit {limit}: all of its {max} are kept for higher priorities, until it is raised"
                )
            }
            Holder::Reserve {
                limit,
                used,
                max,
                kept,
            } => format!("limit {limit}: {used} of {max} used, {kept} kept for higher priorities"),
            Holder::SlotForPolls { limit, used, max } => {
                format!("limit {limit}: {used} of {max} used, 1 kept to poll the jobs")
            }
            Holder::Share {
                limit,
                priority,
                used,
                max,
            } => format!("limit {limit}: {used} of the {max} places of the {priority} share used"),
            Holder::Pace { limit } => format!("limit {limit}, whose window is filled evenly"),
            Holder::LearnedCeiling {
                limit,
                used,
                ceiling,
                max,
            } => format!(
                "limit {limit}: {used} of {ceiling} used, lowered from {max} by the vendor's throttles"
            ),
            Holder::Trouble {
                kind: Trouble::Unreachable,
                ..
            } => "the vendor, which cannot be reached".to_owned(),
            Holder::Trouble {
                kind: Trouble::SignInRefused,
                ..
            } => "the vendor, which refuses to sign us in".to_owned(),
            Holder::VendorPause => "the vendor, which closed the target".to_owned(),
            Holder::Ramp { width } => {
                format!("the reopening of the target: {width} at a time until it answers well")
            }
            Holder::Lane(lane) => format!("the {lane} lane, which goes first"),
            Holder::Pause { scope, reason } => paused(*scope, reason.as_deref()),
            Holder::PlannedPause { lane, reason } => with_reason(
                format!("a planned pause of the {lane} lane"),
                reason.as_deref(),
            ),
            Holder::OrderingKey { call } => {
                format!("call {call}, which has the same OrderingKey and goes first")
            }
            Holder::BackOff { after: None } => "the backoff before its next attempt".to_owned(),
            Holder::BackOff { after: Some(after) } => {
                format!("the backoff before its next attempt, after {after}")
            }
            Holder::Delay => "the delay that it was sent with".to_owned(),
            Holder::SetBack { refusals: 1 } => {
                "the vendor, which refused it while it answers others".to_owned()
            }
            Holder::SetBack { refusals } => {
                format!("the vendor, which refused it {refusals} times while it answers others")
            }
            Holder::InFlight => "nothing: it is in flight".to_owned(),
            Holder::Unknown => "its lost answer: the vendor may still be at work on it".to_owned(),
            Holder::Job { job, polls } => format!("job {job} at the vendor, {}", polled(*polls)),
            Holder::Draining => "the end of the server, which starts no more calls".to_owned(),
            Holder::NoTarget { target } => {
                format!("target {target}, which is not in the configuration")
            }
        }
    }
}

fn paused(scope: Scope, reason: Option<&str>) -> String {
    let what = match scope {
        Scope::Target => "a pause of the target".to_owned(),
        Scope::Lane(lane) => format!("a pause of the {lane} lane"),
    };
    with_reason(what, reason)
}

fn polled(polls: u32) -> String {
    match polls {
        0 => "not polled yet".to_owned(),
        1 => "polled once".to_owned(),
        polls => format!("polled {polls} times"),
    }
}

fn with_reason(what: String, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{what} ({reason})"),
        None => what,
    }
}

/// The time from one moment to a later one, to the tenth of a second where it is short.
fn span(later: Time, earlier: Time) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let span: Duration = later.saturating_since(earlier);
    match span.as_secs() {
        0..120 => format!("{:.1} s", span.as_secs_f64()),
        seconds @ 120..7_200 => format!("{} min", seconds.div_ceil(MINUTE)),
        seconds @ 7_200..172_800 => format!("{} h", seconds.div_ceil(HOUR)),
        seconds => format!("{} days", seconds.div_ceil(DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Priority;

    const NOW: Time = Time::from_millis(1_000_000);

    fn after(seconds: u64) -> Time {
        NOW.saturating_add(Duration::from_secs(seconds))
    }

    #[track_caller]
    fn says(held_by: Holder, until: Option<Time>, expected: &str) {
        let explanation = Explanation::by_host(held_by, None, until);
        assert_eq!(explanation.words(NOW), expected);
    }

    #[test]
    fn a_limit_says_how_full_it_is_and_for_how_long() {
        let limit = || Holder::Limit {
            limit: "minute".to_owned(),
            used: 600,
            max: 600,
        };
        says(
            limit(),
            Some(after(60)),
            "limit minute: 600 of 600 used, for another 60.0 s",
        );
        says(
            limit(),
            None,
            "limit minute: 600 of 600 used, until a call is answered",
        );
    }

    #[test]
    fn a_share_that_is_used_up_is_told_as_one() {
        let share = Holder::Share {
            limit: "minute".to_owned(),
            priority: Priority::Batch,
            used: 100,
            max: 100,
        };
        says(
            share,
            Some(after(300)),
            "limit minute: 100 of the 100 places of the BATCH share used, for another 5 min",
        );
    }

    #[test]
    fn what_only_a_person_can_end_is_given_no_time() {
        let reserve = Holder::Reserve {
            limit: "account".to_owned(),
            used: 0,
            max: 2,
            kept: 2,
        };
        says(
            reserve,
            None,
            "limit account: all of its 2 are kept for higher priorities, until it is raised",
        );
        let pause = Holder::Pause {
            scope: Scope::Lane(Priority::Batch),
            reason: Some("finance close".to_owned()),
        };
        says(pause, None, "a pause of the BATCH lane (finance close)");
    }

    #[test]
    fn a_pause_for_all_time_is_given_no_length() {
        says(
            Holder::VendorPause,
            Some(Time::MAX),
            "the vendor, which closed the target",
        );
        assert_eq!(
            Start::About(Time::MAX).words(NOW),
            "at a time that cannot be known yet"
        );
    }

    #[test]
    fn a_start_is_told_as_exactly_as_it_is_known() {
        let told = [
            Start::Now,
            Start::About(after(3_599)),
            Start::NotBefore(after(7_200)),
            Start::Unknown,
        ]
        .map(|start| start.words(NOW));
        assert_eq!(
            told,
            [
                "now",
                "in about 60 min",
                "in 2 h at the earliest",
                "at a time that cannot be known yet"
            ]
        );
    }
}
