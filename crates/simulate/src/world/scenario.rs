//! One thing to simulate: the rules of a target, a workload and a seed.

use std::time::Duration;

use rampmeter_call::{OnUnknown, Retry};
use rampmeter_config::Target;
use rampmeter_dispatch::{
    CountFrom, DeferralBound, Limit, LimitKind, PlannedPause, Priority, Reserve, Rules, Share,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::quantity::millis;
use crate::workload::{Workload, short_hex};

/// What a target's configuration says about how its calls run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Handling {
    /// Its name.
    pub(crate) target: String,
    /// Limits and deferral bounds.
    pub(crate) rules: Rules,
    /// Longest time a call may take.
    pub(crate) timeout: Duration,
    /// How much longer a call without an answer keeps its slots.
    pub(crate) hold_after_timeout: Duration,
    /// How failures that may pass are repeated.
    pub(crate) retry: Retry,
    /// What happens to a call whose answer was lost.
    pub(crate) on_unknown: OnUnknown,
}

/// In which order waiting calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As the configuration says: three lanes.
    ByPriority,
    /// One queue for all, first come, first served, without reserves: what a team has before it has priorities.
    SingleQueue,
}

/// One thing to simulate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scenario {
    /// The target.
    pub(crate) handling: Handling,
    /// What comes in.
    pub(crate) workload: Workload,
    /// Decides every random number.
    pub(crate) seed: u64,
}

impl Handling {
    /// What the configuration says of one target.
    pub(crate) fn of(target: &Target) -> Handling {
        Handling {
            target: target.name.clone(),
            rules: target.rules.clone(),
            timeout: target.timeout,
            hold_after_timeout: target.hold_after_timeout,
            retry: target.retry,
            // The calls are not known in detail, so they are taken to be repeatable.
            on_unknown: target.on_unknown.unwrap_or_default(),
        }
    }

    /// Applies `--set NAME=VALUE`: another maximum for a limit, or `max_deferrals`.
    ///
    /// # Errors
    /// When there is no such limit, or the rules make no sense with that value.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if name == "max_deferrals" {
            self.rules.max_deferrals = rampmeter_dispatch::MaxDeferrals::both(bound(value)?);
            return Ok(());
        }
        let max: u64 = value
            .replace('_', "")
            .parse()
            .map_err(|_| format!("`{value}` is no whole number"))?;
        // `limit list` shows limits as target/limit; both forms name it.
        let own = name
            .strip_prefix(self.target.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(name);
        let limit = self.rules.limits.iter_mut().find(|limit| limit.name == own);
        let Some(limit) = limit else {
            return Err(format!(
                "the target {} has no limit {name}; it has {}",
                self.target,
                self.limit_names()
            ));
        };
        set_max(limit, max)?;
        self.rules.validate().map_err(|error| error.to_string())
    }

    fn limit_names(&self) -> String {
        let names: Vec<&str> = self
            .rules
            .limits
            .iter()
            .map(|limit| limit.name.as_str())
            .collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// The tightest limit on calls in flight.
    pub(crate) fn slots(&self) -> Option<u32> {
        let slots = self
            .rules
            .limits
            .iter()
            .filter_map(|limit| match limit.kind {
                LimitKind::Concurrency { max } => Some(max),
                LimitKind::Window { .. } | LimitKind::Calendar { .. } => None,
            });
        slots.min()
    }

    /// The rules of a single queue: the same limits, nothing kept for anybody.
    pub(crate) fn without_reserves(&self) -> Rules {
        let mut rules = self.rules.clone();
        for limit in &mut rules.limits {
            limit.reserve = Reserve::default();
            limit.share = Share::default();
        }
        rules
    }

    fn to_json(&self) -> Value {
        let limits: Vec<Value> = self.rules.limits.iter().map(limit_json).collect();
        let bounds = &self.rules.max_deferrals;
        let mut fields = json!({
            "name": self.target,
            "limits": limits,
            "max_deferrals": {
                "MEDIUM": bound_json(bounds.of(Priority::Medium)),
                "BATCH": bound_json(bounds.of(Priority::Batch)),
            },
            "timeout_ms": millis(self.timeout),
            "hold_after_timeout_ms": millis(self.hold_after_timeout),
            "retry": {
                "max_attempts": self.retry.max_attempts,
                "initial_ms": millis(self.retry.initial),
                "max_ms": millis(self.retry.max),
                "max_throttles": self.retry.max_throttles,
            },
            "on_unknown": match self.on_unknown {
                OnUnknown::Retry => "retry",
                OnUnknown::Fail => "fail",
                OnUnknown::Reconcile => "reconcile",
            },
        });
        if !self.rules.pauses.is_empty() {
            fields["pauses"] = self.rules.pauses.iter().map(pause_json).collect();
        }
        fields
    }
}

impl Scenario {
    /// The same with another seed.
    pub(crate) fn seeded(&self, seed: u64) -> Scenario {
        Scenario {
            seed,
            ..self.clone()
        }
    }

    /// Everything on which the figures rest, except the seed.
    pub(crate) fn assumptions(&self) -> Value {
        json!({ "target": self.handling.to_json(), "workload": self.workload.to_json() })
    }

    /// Identifies configuration and workload: the first 32 bits of the SHA-256 of their JSON.
    pub(crate) fn hash(&self) -> String {
        short_hex(&Sha256::digest(self.assumptions().to_string()))
    }
}

fn bound(value: &str) -> Result<DeferralBound, String> {
    if value == "unlimited" {
        return Ok(DeferralBound::Unlimited);
    }
    let deferrals = value
        .parse()
        .map_err(|_| format!("`{value}` is neither a whole number nor `unlimited`"))?;
    DeferralBound::at_most(deferrals).map_err(|error| error.to_string())
}

/// Gives a limit another maximum.
///
/// # Errors
/// When the number is out of its range.
pub(crate) fn set_max(limit: &mut Limit, value: u64) -> Result<(), String> {
    *limit = limit.with_max(value).map_err(|error| error.to_string())?;
    Ok(())
}

fn bound_json(bound: DeferralBound) -> Value {
    match bound {
        DeferralBound::AtMost(most) => json!(most),
        DeferralBound::Unlimited => json!("unlimited"),
    }
}

fn pause_json(pause: &PlannedPause) -> Value {
    let lanes = Priority::ALL.into_iter().filter(|lane| pause.stops(*lane));
    json!({
        "lanes": lanes.map(Priority::as_str).collect::<Vec<_>>(),
        "days": pause.days,
        "from": pause.from.to_string(),
        "to": pause.to.to_string(),
        "zone": pause.zone.iana_name(),
    })
}

fn limit_json(limit: &Limit) -> Value {
    let mut fields = json!({ "name": limit.name });
    match &limit.kind {
        LimitKind::Concurrency { max } => fields["concurrency"] = json!(max),
        LimitKind::Calendar { calls, reset } => {
            fields["calls"] = json!(calls);
            fields["reset"] = json!(reset.to_string());
        }
        LimitKind::Window { calls, per } => {
            fields["calls"] = json!(calls);
            fields["per_ms"] = json!(millis(*per));
            fields["count_from"] = json!(match limit.count_from {
                CountFrom::Answer => "answer",
                CountFrom::Send => "send",
            });
            fields["pace"] = json!(limit.pace.as_str());
        }
    }
    fields["reserve"] = json!({ "HIGH": limit.reserve.high, "MEDIUM": limit.reserve.medium });
    if !limit.share.is_empty() {
        let share = limit.share;
        fields["share"] =
            json!({ "HIGH": share.high, "MEDIUM": share.medium, "BATCH": share.batch });
    }
    fields
}
