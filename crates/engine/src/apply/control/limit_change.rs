//! Limits that are changed while the server runs: the maximum of one limit, for a time or until it is reset. The gate
//! takes the new rules at once (`dispatch::Gate::amend`); calls in flight are left alone, so a lowered limit admits
//! nothing until enough slots are free, and a raised one counts what the lower one admitted.

use std::collections::BTreeMap;

use rampmeter_dispatch::Rules;
use rampmeter_store::model::control::{ChangeLimit, LimitChanged};
use rampmeter_store::model::id::TargetId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{LimitOverride, StoreFailure, TransactionError};
use rampmeter_time::UnixMillis;

use crate::apply::control::context::ControlContext;
use crate::apply::subject::Subject;

impl ControlContext<'_> {
    /// Changes a limit, or says what the change would do.
    pub(crate) fn change_limit(
        &mut self,
        change: &ChangeLimit,
    ) -> Result<LimitChanged, TransactionError> {
        let id = self.target_named(&change.target)?;
        let now = self.now();
        let target = self.workflow.calls.target(id);
        let usage = target.gate.view(now).usage();
        let Some(usage) = usage.into_iter().find(|usage| usage.name == change.limit) else {
            let names: Vec<&str> = target
                .base_rules
                .limits
                .iter()
                .map(|limit| limit.name.as_str())
                .collect();
            let what = format!(
                "target {} has no limit {}; it has {}",
                change.target,
                change.limit,
                names.join(", ")
            );
            return Err(Rejected::Unknown(what).into());
        };
        let configured = target.base_rules.limits.iter();
        let configured = configured
            .filter(|limit| limit.name == change.limit)
            .map(rampmeter_dispatch::Limit::max)
            .next()
            .expect("a gate has the limits of its target");
        let mut overrides = target.overrides.clone();
        let expires_at = change.lasting.map(|lasting| now.saturating_add(lasting));
        match change.max.filter(|max| *max != configured) {
            Some(max) => {
                overrides.insert(change.limit.clone(), LimitOverride { max, expires_at });
            }
            None => {
                overrides.remove(&change.limit);
            }
        }
        let rules = match amended(&target.base_rules, &overrides) {
            Ok(rules) => rules,
            Err(why) => return Err(Rejected::Impossible(why).into()),
        };
        let to = change.max.unwrap_or(configured);
        let changed = LimitChanged {
            target: change.target.clone(),
            limit: change.limit.clone(),
            from: usage.max,
            to,
            configured,
            used: usage.used,
            expires_at: expires_at
                .filter(|_| to != configured)
                .map(UnixMillis::from),
            applied: !change.dry_run,
        };
        if !change.dry_run {
            self.put_overrides(id, overrides, rules)?;
            let what = format!("{} to {to}", usage.max);
            self.record_control(
                &change.target,
                "limit",
                &change.limit,
                &what,
                &change.reason,
            )?;
        }
        Ok(changed)
    }

    /// Ends the limit changes whose time is over.
    pub(crate) fn end_limit_changes(&mut self) -> Result<(), StoreFailure> {
        let now = self.now();
        let due: Vec<TargetId> = self
            .workflow
            .calls
            .memory
            .targets
            .iter()
            .filter(|(_, target)| target.first_expiry().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let target = self.workflow.calls.target(id);
            let (over, left): (BTreeMap<_, _>, BTreeMap<_, _>) = target
                .overrides
                .clone()
                .into_iter()
                .partition(|(_, change)| change.expires_at.is_some_and(|at| at <= now));
            let rules = amended(&target.base_rules, &left);
            let rules = rules.unwrap_or_else(|_| target.base_rules.clone());
            let name = target.config.name.clone();
            self.put_overrides(id, left, rules)?;
            for (limit, change) in over {
                let what = format!("{} to the configured one", change.max);
                self.record_control(&name, "limit", &limit, &what, "its time is over")?;
            }
        }
        Ok(())
    }

    fn put_overrides(
        &mut self,
        id: TargetId,
        overrides: BTreeMap<String, LimitOverride>,
        rules: Rules,
    ) -> Result<(), StoreFailure> {
        let now = self.now();
        self.workflow
            .calls
            .store
            .controls
            .put_overrides(id, &overrides)?;
        let target = self.workflow.calls.target(id);
        target.gate.amend(rules, now);
        target.overrides = overrides;
        *self.workflow.calls.made_ready = true;
        Ok(())
    }
}

/// The configured rules with other maxima. `Err` says why they make no sense.
pub(crate) fn amended(
    base: &Rules,
    overrides: &BTreeMap<String, LimitOverride>,
) -> Result<Rules, String> {
    let mut rules = base.clone();
    for limit in &mut rules.limits {
        let Some(change) = overrides.get(&limit.name) else {
            continue;
        };
        *limit = limit
            .with_max(change.max)
            .map_err(|error| error.to_string())?;
    }
    rules.validate().map_err(|error| error.to_string())?;
    Ok(rules)
}
