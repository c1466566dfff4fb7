//! What each target is doing and why, for people. The same for calls is in `open_calls.rs`. Changes nothing.

use std::time::Duration;

use rampmeter_dispatch::{Limit, LimitKind, LimitUsage, Pace, Priority, Scope, Time};
use rampmeter_store::model::target::{
    LimitState, PlannedPauseState, TargetState, VendorLimitState,
};
use rampmeter_time::UnixMillis;

use crate::apply::calls::context::CallContext;
use crate::apply::calls::why::explain_first;
use crate::apply::subject::Subject;
use rampmeter_index::Target;

impl CallContext<'_> {
    /// The present state of every target.
    pub(crate) fn inspect_targets(&mut self) -> Vec<TargetState> {
        let now = self.now();
        let targets = self.memory.targets.values().map(|target| TargetState {
            name: target.config.name.clone(),
            limits: limit_states(target, now),
            paused: target.gate.paused().into_iter().map(scope_word).collect(),
            planned_pauses: planned_pauses(target, now),
            mean_call: target.latency().map(milliseconds),
            waiting: [0, 1, 2].map(|lane| target.ready[lane] + target.parked[lane]),
            in_flight: target.gate.in_flight(),
            held: u64::try_from(target.gate.held()).unwrap_or(u64::MAX),
            deferrals: target.gate.deferrals(),
            throttles: target.throttles,
            throttles_under_our_limit: target.throttles_under_our_limit,
            reused_keys: target.caller.reused_keys(),
            closed_by_headers: target.closed_by_headers,
            vendor: target.gate.view(now).vendor(),
            errors: target.errors.state(now),
            first: explain_first(target, now),
            at: now,
            vendor_limits: vendor_limits(target),
            contended: target.contended(),
        });
        targets.collect()
    }
}

fn planned_pauses(target: &Target, now: Time) -> Vec<PlannedPauseState> {
    let view = target.gate.view(now);
    let state = |priority| {
        let (pause, until) = view.planned_pause(priority)?;
        let reason = pause.reason.clone();
        Some(PlannedPauseState {
            priority,
            until,
            reason,
        })
    };
    Priority::ALL.into_iter().filter_map(state).collect()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn vendor_limits(target: &Target) -> Vec<VendorLimitState> {
    let limits = target.vendor_limits.iter();
    let states = limits.map(|(name, limit)| VendorLimitState {
        name: name.clone(),
        kind: if limit.in_flight {
            "concurrency"
        } else {
            "window"
        },
        limit: limit.limit,
        per_ms: limit.window.map(milliseconds),
        remaining: limit.remaining,
        resets_at: limit.resets_at.map(UnixMillis::from),
        disagreement: limit.disagreement.clone(),
    });
    states.collect()
}

fn limit_states(target: &Target, now: Time) -> Vec<LimitState> {
    let most_counted = target.gate.most_counted();
    let rates = target
        .latency()
        .map(|latency| target.gate.reachable_rates(latency));
    let usage = target.gate.view(now).usage().into_iter().enumerate();
    let states = usage.map(|(index, usage)| {
        let change = target.overrides.get(&usage.name);
        let mut base = target.base_rules.limits.iter();
        let configured = base.find(|limit| limit.name == usage.name).map(Limit::max);
        let rate = rates.as_ref().and_then(|rates| rates.get(index).copied());
        LimitState {
            configured: change.and(configured),
            expires_at: change.and_then(|change| change.expires_at.map(UnixMillis::from)),
            reaches_per_second: rate.filter(|rate| rate.is_finite()),
            nominal_per_second: usage.kind.nominal_rate(),
            vendor_may_count: most_counted[index].filter(|most| *most > usage.max),
            ..limit_state(usage)
        }
    });
    states.collect()
}

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Target => "target",
        Scope::Lane(lane) => lane.as_str(),
    }
}

fn limit_state(usage: LimitUsage) -> LimitState {
    let (kind, per_ms) = match usage.kind {
        LimitKind::Concurrency { .. } => ("concurrency", None),
        LimitKind::Calendar { reset, .. } => ("calendar", Some(milliseconds(reset.period()))),
        LimitKind::Window { per, .. } => ("window", Some(milliseconds(per))),
    };
    LimitState {
        name: usage.name,
        kind,
        per_ms,
        used: usage.used,
        max: usage.max,
        reserved: Priority::ALL.map(|priority| usage.reserved.of(priority)),
        shares: Priority::ALL.map(|priority| usage.share.of(priority)),
        pace: usage.pace.map(Pace::as_str),
        held: usage.held,
        learned_ceiling: usage.learned_ceiling,
        configured: None,
        expires_at: None,
        reaches_per_second: None,
        vendor_may_count: None,
        nominal_per_second: None,
    }
}
