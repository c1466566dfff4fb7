//! A target as responses show it: in `/v1/targets`, and in what is happening now.

use rampmeter_dispatch::{Holder, Priority, Time};
use rampmeter_engine::{
    LimitState, PlannedPauseState, TargetErrors, TargetState, VendorLimitState,
};
use rampmeter_time::rfc3339;
use serde_json::{Value, json};

use crate::explanation::{explanation_json, moment_json};

/// The whole target. `delayed`: calls in backoff or sent with a delay, which are in no lane meanwhile.
pub(crate) fn target_json(target: &TargetState, delayed: [u64; 3]) -> Value {
    json!({
        "name": target.name,
        "waiting": by_priority(target.waiting),
        "delayed": by_priority(delayed),
        "in_flight": target.in_flight,
        "held": target.held,
        "deferrals": by_priority(target.deferrals),
        "paused": target.paused,
        "planned_pauses": target.planned_pauses.iter().map(planned_pause_json).collect::<Vec<_>>(),
        "mean_call_ms": target.mean_call,
        "throttles": target.throttles,
        "throttles_under_our_limit": target.throttles_under_our_limit,
        "reused_keys": target.reused_keys,
        "closed_by_headers": target.closed_by_headers,
        // What holds the whole target, and until when it is closed or how many calls may be in flight.
        "vendor": target.vendor.as_ref().map(|vendor| explanation_json(vendor, target.at)),
        "closed_until": moment_json(closed_until(target)),
        "ramp": target.vendor.as_ref().and_then(|vendor| match vendor.held_by {
            Holder::Ramp { width } => Some(width),
            _ => None,
        }),
        "errors": target.errors.as_ref().map(errors_json),
        "first_waiting": first_json(target),
        "vendor_limits": target.vendor_limits.iter().map(vendor_limit_json).collect::<Vec<_>>(),
        "limits": limits_json(target),
        // Spans in microseconds since the epoch, for exact arithmetic with a vendor's own record of its calls.
        "contended": target.contended,
    })
}

/// A pause by the calendar that is in force.
fn planned_pause_json(pause: &PlannedPauseState) -> Value {
    json!({
        "priority": pause.priority.as_str(),
        "until": moment_json(Some(pause.until)),
        "reason": pause.reason,
    })
}

/// Recent errors.
fn errors_json(errors: &TargetErrors) -> Value {
    json!({
        "last": errors.last,
        "last_at": moment_json(Some(errors.at)),
        "since": moment_json(errors.since),
        "in_last_minute": errors.in_last_minute,
    })
}

/// Until when the vendor, or the account's trouble, keeps the target closed.
fn closed_until(target: &TargetState) -> Option<Time> {
    let vendor = target.vendor.as_ref()?;
    match vendor.held_by {
        Holder::Ramp { .. } => None,
        _ => vendor.until,
    }
}

/// Why the first call that waits in each lane has not started.
fn first_json(target: &TargetState) -> Value {
    let lanes = Priority::ALL.into_iter().zip(&target.first);
    let lanes = lanes.map(|(priority, first)| {
        let why = first.as_ref().map(|why| explanation_json(why, target.at));
        (priority.as_str().to_owned(), json!(why))
    });
    Value::Object(lanes.collect())
}

/// A limit as the vendor's last answer stated it.
fn vendor_limit_json(limit: &VendorLimitState) -> Value {
    json!({
        "name": limit.name,
        "kind": limit.kind,
        "limit": limit.limit,
        "per_ms": limit.per_ms,
        "remaining": limit.remaining,
        "resets_at": limit.resets_at.map(rfc3339),
        "disagreement": limit.disagreement,
    })
}

/// A number for each priority.
pub(crate) fn by_priority(counts: [u64; 3]) -> Value {
    let counts = Priority::ALL.into_iter().zip(counts);
    Value::Object(
        counts
            .map(|(priority, count)| (priority.as_str().to_owned(), count.into()))
            .collect(),
    )
}

/// The limits of a target.
pub(crate) fn limits_json(target: &TargetState) -> Vec<Value> {
    target.limits.iter().map(limit_json).collect()
}

fn limit_json(limit: &LimitState) -> Value {
    json!({
        "name": limit.name,
        "kind": limit.kind,
        "per_ms": limit.per_ms,
        "used": limit.used,
        "max": limit.max,
        "reserved": by_priority(limit.reserved.map(u64::from)),
        "share": share_json(limit.shares),
        "pace": limit.pace,
        "held": limit.held,
        "learned_ceiling": limit.learned_ceiling,
        "configured": limit.configured,
        "expires_at": limit.expires_at.map(rfc3339),
        "reaches_per_second": limit.reaches_per_second,
        "nominal_per_second": limit.nominal_per_second,
        "vendor_may_count": limit.vendor_may_count,
    })
}

/// The priorities that have a share.
fn share_json(shares: [Option<u32>; 3]) -> Value {
    let shares = Priority::ALL.into_iter().zip(shares);
    Value::Object(
        shares
            .filter_map(|(priority, share)| Some((priority.as_str().to_owned(), share?.into())))
            .collect(),
    )
}
