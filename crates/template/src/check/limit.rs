//! Checks limits as workers on AWS hold them: in one small item of the table, or as reserved concurrency.

use std::time::Duration;

use rampmeter_config::{Limiter, Target};
use rampmeter_dispatch::{Limit, LimitKind, Reserve, Share};

use super::code::{
    ABOVE_CEILING, COUNTS_BY_TARIFF, DOES_NOT_FIT, NO_LIMITS, NOT_FOR_RESERVED,
    WINDOW_OUTLIVES_MESSAGES,
};
use super::{Finding, Subject};
use crate::report::STARTS_PER_SECOND;
use crate::resource::queue::RETENTION_SECONDS;
use crate::worker::LEAST_SLOTS;

/// The most that one mapping runs at once.
const MAX_MAPPING_CONCURRENCY: u32 = 1_000;

pub(super) fn check(target: &Target, limiter: Limiter) -> Vec<Finding> {
    let mut found = Vec::new();
    if target.rules.limits.is_empty() {
        let place = Subject::keys(&["targets", &target.name]);
        let message = format!(
            "{} has no limits: its worker starts every call that it finds",
            target.name
        );
        let help = format!(
            "write [[targets.{}.limits]] with what the account allows",
            target.name
        );
        found.push(Finding::warning(NO_LIMITS, place, message, help));
    }
    found.extend(tariffs(target));
    match limiter {
        Limiter::Lease => found.extend(leases(target)),
        Limiter::Reserved => found.extend(reserved(target)),
    }
    let retention = Duration::from_secs(RETENTION_SECONDS);
    for (at, limit) in target.rules.limits.iter().enumerate() {
        if matches!(limit.kind, LimitKind::Window { per, .. } if per > retention) {
            let message = format!(
                "calls may wait for {} longer than the 14 days that SQS keeps their messages",
                limit.name
            );
            let help = "give their tasks a TimeoutSeconds below 1209600, and a Catch for it";
            found.push(Finding::warning(
                WINDOW_OUTLIVES_MESSAGES,
                place_of(target, at),
                message,
                help,
            ));
        }
    }
    found
}

/// Limits that do not count every call once, which nobody could hold there.
fn tariffs(target: &Target) -> impl Iterator<Item = Finding> {
    let limits = target.rules.limits.iter().enumerate();
    let of_some = limits.filter(|(_, limit)| !limit.tariff.is_plain());
    of_some.map(|(at, limit)| {
        let message = format!(
            "{} counts otherwise than every call once ({}), which workers on AWS cannot hold",
            limit.name, limit.tariff
        );
        let help = "leave out applies_to, cost and by, or make targets of their own of those calls";
        Finding::error(COUNTS_BY_TARIFF, place_of(target, at), message, help)
    })
}

/// A limit that comes from the preset is shown at its target.
fn place_of(target: &Target, at: usize) -> Subject {
    Subject::keys(&["targets", &target.name, "limits", &at.to_string()])
}

fn leases(target: &Target) -> Vec<Finding> {
    let mut found = Vec::new();
    let shared = target.rules.clone().shared();
    let ceiling = match shared.shared_ceiling() {
        Ok(ceiling) => ceiling.in_flight,
        Err(too_large) => {
            let place = Subject::keys(&["targets", &target.name, "limits"]);
            let help = "leave out reserves and shares of windows with many calls, or the windows that others imply";
            found.push(Finding::error(
                DOES_NOT_FIT,
                place,
                too_large.to_string(),
                help,
            ));
            return found;
        }
    };
    for (at, limit) in target.rules.limits.iter().enumerate() {
        let message = match limit.kind {
            LimitKind::Concurrency { max } if max > ceiling => format!(
                "{} allows {max} calls in flight, and the table's item has room for {ceiling}",
                limit.name
            ),
            LimitKind::Window { .. } | LimitKind::Calendar { .. }
                if limit
                    .kind
                    .nominal_rate()
                    .is_some_and(|rate| rate > STARTS_PER_SECOND) =>
            {
                let rate = limit.kind.nominal_rate().unwrap_or_default();
                format!(
                    "{} allows {rate:.0} calls a second, and one item takes the writes of about {STARTS_PER_SECOND:.0}",
                    limit.name
                )
            }
            _ => continue,
        };
        let help = "nothing is exceeded; calls wait longer than the limit asks for";
        found.push(Finding::warning(
            ABOVE_CEILING,
            place_of(target, at),
            message,
            help,
        ));
    }
    found
}

fn reserved(target: &Target) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut refuse = |at: Option<usize>, what: String| {
        let place = match at {
            Some(at) => place_of(target, at),
            None => Subject::keys(&["targets", &target.name]),
        };
        let message = format!("{what}, which limiter = \"reserved\" cannot hold");
        let help = "leave limiter out of [aws]: leases in a table hold every limit";
        found.push(Finding::error(NOT_FOR_RESERVED, place, message, help));
    };
    let mut counted = 0;
    for (at, limit) in target.rules.limits.iter().enumerate() {
        match limit.kind {
            LimitKind::Concurrency { max } => {
                counted += 1;
                if counted > 1 {
                    refuse(
                        Some(at),
                        format!("{} is a second limit on calls in flight", limit.name),
                    );
                }
                if !(LEAST_SLOTS..=3 * MAX_MAPPING_CONCURRENCY).contains(&max) {
                    let most = 3 * MAX_MAPPING_CONCURRENCY;
                    refuse(
                        Some(at),
                        format!("{} is {max}, not from {LEAST_SLOTS} to {most}", limit.name),
                    );
                }
            }
            LimitKind::Window { .. } | LimitKind::Calendar { .. } => {
                refuse(Some(at), format!("{} counts calls in a time", limit.name));
            }
        }
        if tells_priorities_apart(limit) {
            refuse(Some(at), format!("{} has a reserve or a share", limit.name));
        }
    }
    if counted == 0 {
        refuse(
            None,
            format!("{} has no limit on calls in flight", target.name),
        );
    }
    found
}

fn tells_priorities_apart(limit: &Limit) -> bool {
    limit.reserve != Reserve::default() || limit.share != Share::default()
}
