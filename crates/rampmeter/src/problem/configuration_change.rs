//! What differs from the last start, and what follows from that, in words.

use std::time::Duration;

use rampmeter_engine::ConfigurationChange;

/// One line about a change.
pub(crate) fn configuration_change(change: &ConfigurationChange) -> String {
    format!("note: {}", words(change))
}

fn words(change: &ConfigurationChange) -> String {
    use ConfigurationChange as Change;
    match change {
        Change::TargetRenamed { from, to } => {
            format!("target {to:?} was {from:?}: its calls, permits and windows have come along")
        }
        Change::TargetCharged {
            target,
            with,
            in_flight,
        } => format!(
            "target {target:?} calls the address that {with:?} called: it is charged with what the vendor still counts of that, {} in flight among it",
            calls(*in_flight)
        ),
        Change::TargetBack { target } => {
            format!("target {target:?} is back, with the calls, permits and windows that it had")
        }
        Change::WorkerChanged { target, external } => format!(
            "the queues of {target:?} are {} from now on; each of their messages is in one place",
            if *external {
                "plain queues for a worker elsewhere"
            } else {
                "drained by this server"
            }
        ),
        Change::HoldChanged {
            target,
            from,
            to,
            in_flight,
        } => format!(
            "a lost call of {target:?} keeps its place for {} instead of {}; {} in flight for as long as {} to",
            span(*to),
            span(*from),
            calls(*in_flight),
            if *in_flight == 1 {
                "it was"
            } else {
                "they were"
            }
        ),
        Change::LimitNew {
            target,
            limit,
            counts,
            per,
        } => format!(
            "limit {limit:?} of {target:?} is new{}",
            counting(*counts, *per)
        ),
        Change::LimitCountsOtherwise {
            target,
            limit,
            counts,
            per,
        } => format!(
            "limit {limit:?} of {target:?} counts otherwise than before{}",
            counting(*counts, *per)
        ),
        Change::LimitRenamed { target, from, to } => {
            format!("limit {to:?} of {target:?} was {from:?}: it counts on")
        }
        Change::LimitAllows {
            target,
            limit,
            from,
            to,
        } => format!(
            "limit {limit:?} of {target:?} allows {to} instead of {from}; what it has counted counts on"
        ),
        Change::LimitGone { target, limit } => {
            format!("target {target:?} has no limit {limit:?} any more")
        }
        other => format!("{other:?}"),
    }
}

fn counting(counts: u64, per: Option<Duration>) -> String {
    match per {
        None => ": it counts the calls that are in flight".to_owned(),
        Some(per) => format!(
            ": it counts the {} of the last {}",
            calls(counts),
            rampmeter_time::duration::show(per)
        ),
    }
}

fn calls(many: u64) -> String {
    match many {
        1 => "1 call".to_owned(),
        many => format!("{many} calls"),
    }
}

fn span(length: Duration) -> String {
    rampmeter_time::span(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_limit_is_told_with_what_it_counts() {
        let change = ConfigurationChange::LimitNew {
            target: "erp".to_owned(),
            limit: "minute".to_owned(),
            counts: 214,
            per: Some(Duration::from_secs(60)),
        };
        assert_eq!(
            configuration_change(&change),
            "note: limit \"minute\" of \"erp\" is new: it counts the 214 calls of the last 1m"
        );
    }
}
