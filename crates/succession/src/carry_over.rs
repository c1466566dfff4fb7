//! Carries out what was decided about targets and limits, before the targets are opened: names, permits, slots, manual
//! changes.

use std::collections::BTreeMap;

use rampmeter_config::{Config, Target, Worker};
use rampmeter_dispatch::{CountedCalls, Limit, LimitKind, Time, WindowRow};
use rampmeter_store::model::control::ControlRecord;
use rampmeter_store::model::id::{MessageNumber, TargetId};
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{Kind, PermitRow, Readable, Sequence, Store, StoreError, readable};

use crate::change::ConfigurationChange;
use crate::former::{Former, FormerTarget};
use crate::holds_for;
use crate::limits::{self, Origin};
use crate::targets::{self, Lineage};

/// Carries over what belongs to the targets of the configuration, and notes the configuration that the store is served
/// with from now on. Returns what has changed since the last start.
///
/// # Errors
/// When a row cannot be read or the store fails.
pub fn carry_over(
    store: &Store,
    config: &Config,
    seal: &TokenSeal,
    now: Time,
) -> Result<Vec<ConfigurationChange>, StoreError> {
    let mut carrying = Carrying {
        store,
        now,
        numbers: Sequence::new(Kind::Permit),
        changes: Vec::new(),
    };
    let served: BTreeMap<String, FormerTarget> = config
        .targets
        .iter()
        .map(|(name, target)| (name.clone(), FormerTarget::of(target, seal.key())))
        .collect();
    let former = store.served_with()?;
    let mut former = former.and_then(|text| Former::from_json(&text));
    match &mut former {
        Some(former) => carrying.all(former, &served, config)?,
        None => carrying.begin(config)?,
    }
    let mut former = former.unwrap_or_default();
    former.now_serves(served);
    store.put_served_with(&former.to_json())?;
    for change in &carrying.changes {
        tracing::info!(?change, "the configuration is not that of the last start");
    }
    Ok(carrying.changes)
}

/// The work of one start.
struct Carrying<'s> {
    store: &'s Store,
    now: Time,
    numbers: Sequence,
    changes: Vec<ConfigurationChange>,
}

impl Carrying<'_> {
    /// Nothing is known about the last configuration: it is assumed to have been this one. What its longest windows hold is
    /// noted, so that a later limit starts with that.
    fn begin(&self, config: &Config) -> Result<(), StoreError> {
        for (name, target) in &config.targets {
            let id = self.store.messages().target(name)?;
            let longest = target
                .rules
                .limits
                .iter()
                .filter_map(|limit| match limit.kind {
                    LimitKind::Window { per, .. } => Some((per, &limit.name)),
                    LimitKind::Concurrency { .. } | LimitKind::Calendar { .. } => None,
                });
            let Some((per, limit)) = longest.max() else {
                continue;
            };
            let rows = self.store.calls().places(id)?.into_iter();
            let counted: Vec<CountedCalls> = rows
                .filter(|row| row.limit == *limit && row.until > self.now)
                .map(|row| CountedCalls {
                    until: row.until.saturating_sub(per),
                    priority: row.priority(),
                    count: row.count,
                })
                .collect();
            self.store.calls().counted().put(id, &counted)?;
        }
        Ok(())
    }

    fn all(
        &mut self,
        former: &mut Former,
        served: &BTreeMap<String, FormerTarget>,
        config: &Config,
    ) -> Result<(), StoreError> {
        for (name, lineage) in targets::lineages(&former.targets, served) {
            let target = &config.targets[&name];
            match lineage {
                Lineage::Same => {}
                Lineage::RenamedFrom(from) => {
                    if self.rename(&from, &name)? {
                        former.rename(&from, &name);
                    } else {
                        self.charge(&name, &[from])?;
                    }
                }
                Lineage::ChargedWith(others) => self.charge(&name, &others)?,
            }
            let was = former.targets.get(&name);
            let charged = self.changes.iter().any(|change| {
                matches!(change, ConfigurationChange::TargetCharged { target, .. } if *target == name)
            });
            let id = self.store.messages().target(&name)?;
            self.limits(id, target, was, charged)?;
            if let Some(was) = was {
                self.tell_of(id, target, was)?;
            }
        }
        Ok(())
    }

    /// Renames a target, and with it everything that belongs to it: calls, permits, slots, what it learned, changed limits.
    /// Returns whether the names were free.
    fn rename(&mut self, from: &str, to: &str) -> Result<bool, StoreError> {
        let known = self.store.target_names()?;
        let Some(&(_, id)) = known.iter().find(|(name, _)| name == from) else {
            return Ok(false);
        };
        let queues = ["high", "medium", "batch", "dead"];
        let queues = queues.map(|lane| (format!("{from}-{lane}"), format!("{to}-{lane}")));
        if !self.store.rename_target(id, to, &queues)? {
            return Ok(false);
        }
        self.store.controls().rename_pauses(from, to)?;
        self.store.controls().insert_control(&ControlRecord {
            at: self.now.into(),
            target: to.to_owned(),
            kind: "rename".to_owned(),
            subject: from.to_owned(),
            change: format!("{from} to {to}"),
            reason: "the configuration has the account under this name".to_owned(),
            by: None,
        })?;
        self.changes.push(ConfigurationChange::TargetRenamed {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        Ok(true)
    }

    /// The target takes over what the vendor still counts for other targets: their calls in flight until their holds end,
    /// and when earlier calls were counted. Waiting calls stay with their own targets.
    fn charge(&mut self, name: &str, others: &[String]) -> Result<(), StoreError> {
        let id = self.store.messages().target(name)?;
        let known = self.store.target_names()?;
        let calls = self.store.calls();
        for other in others {
            let Some(&(_, from)) = known.iter().find(|(name, _)| name == other) else {
                continue;
            };
            let counted = calls.counted().of_target(from)?;
            calls.counted().put(id, &counted)?;
            let permits = calls.permits()?;
            let open = permits.into_iter().filter(|permit| permit.target == from);
            let mut in_flight = 0;
            for permit in open {
                let length = permit.holds_for.unwrap_or_default();
                calls.insert_permit(&PermitRow {
                    id: self.numbers.take(self.store.ledger())?,
                    target: id,
                    // Its call is the other target's; this one has only its slot.
                    message: MessageNumber(0),
                    held_until: permit.held_until.or(Some(self.now.saturating_add(length))),
                    ..permit
                })?;
                in_flight += 1;
            }
            self.changes.push(ConfigurationChange::TargetCharged {
                target: name.to_owned(),
                with: other.clone(),
                in_flight,
            });
        }
        Ok(())
    }

    /// Gives each limit the slots that its calls still take. A limit that is as it was keeps its own; any other starts with
    /// the calls that the target's vendor counted.
    fn limits(
        &mut self,
        id: TargetId,
        target: &Target,
        was: Option<&FormerTarget>,
        charged: bool,
    ) -> Result<(), StoreError> {
        let none = Vec::new();
        let former = was.map_or(&none, |was| &was.limits);
        let origins = limits::origins(former, &target.rules.limits);
        let gone = limits::gone(former, &origins, &target.rules.limits);
        let same = |origin: &Origin| matches!(origin, Origin::Same { .. });
        if origins.iter().all(same) && gone.is_empty() && !charged {
            self.tell_of_maxima(&target.name, &target.rules.limits, &origins);
            return Ok(());
        }
        let places = self.store.calls().places(id)?;
        let counted = self.store.calls().counted().of_target(id)?;
        let mut rows = Vec::new();
        for (limit, origin) in target.rules.limits.iter().zip(&origins) {
            let new = match origin {
                Origin::Same { .. } if !charged => rows_named(&places, &limit.name, limit),
                Origin::RenamedFrom { name, .. } if !charged => rows_named(&places, name, limit),
                _ => limit.rows_of(&counted, self.now),
            };
            let counts = new.iter().map(|row| u64::from(row.count)).sum();
            self.tell_of_limit(&target.name, limit, origin, counts, was.is_some());
            rows.extend(new);
        }
        self.store.calls().delete_slots(id)?;
        self.store.calls().put_slots(id, &rows)?;
        self.carry_changes_by_hand(id, &target.rules.limits, &origins)?;
        self.tell_of_maxima(&target.name, &target.rules.limits, &origins);
        for limit in gone {
            let target = target.name.clone();
            self.changes
                .push(ConfigurationChange::LimitGone { target, limit });
        }
        Ok(())
    }

    /// What people changed about a limit goes on with that limit, and with no other that has taken its name.
    fn carry_changes_by_hand(
        &self,
        id: TargetId,
        now: &[Limit],
        origins: &[Origin],
    ) -> Result<(), StoreError> {
        let controls = self.store.controls();
        let Readable::Whole(changes) = readable(controls.overrides(id))? else {
            return Ok(());
        };
        if !changes.is_empty() {
            controls.put_overrides(id, &limits::carried(&changes, now, origins))?;
        }
        Ok(())
    }

    fn tell_of_limit(
        &mut self,
        target: &str,
        limit: &Limit,
        origin: &Origin,
        counts: u64,
        target_was_there: bool,
    ) {
        let target = target.to_owned();
        let name = limit.name.clone();
        let per = match &limit.kind {
            LimitKind::Concurrency { .. } => None,
            LimitKind::Window { per, .. } => Some(*per),
            LimitKind::Calendar { reset, .. } => Some(reset.period()),
        };
        let change = match origin {
            Origin::Same { .. } => return,
            Origin::RenamedFrom { name: from, .. } => ConfigurationChange::LimitRenamed {
                target,
                from: from.clone(),
                to: name,
            },
            Origin::New if !target_was_there && counts == 0 => return,
            Origin::New => ConfigurationChange::LimitNew {
                target,
                limit: name,
                counts,
                per,
            },
            Origin::CountsOtherwise => ConfigurationChange::LimitCountsOtherwise {
                target,
                limit: name,
                counts,
                per,
            },
        };
        self.changes.push(change);
    }

    fn tell_of_maxima(&mut self, target: &str, limits: &[Limit], origins: &[Origin]) {
        for (limit, origin) in limits.iter().zip(origins) {
            let (Origin::Same { max } | Origin::RenamedFrom { max, .. }) = origin else {
                continue;
            };
            if *max != limit.max() {
                self.changes.push(ConfigurationChange::LimitAllows {
                    target: target.to_owned(),
                    limit: limit.name.clone(),
                    from: *max,
                    to: limit.max(),
                });
            }
        }
    }

    /// Reports what else has changed, if anything follows from that.
    fn tell_of(
        &mut self,
        id: TargetId,
        target: &Target,
        was: &FormerTarget,
    ) -> Result<(), StoreError> {
        let name = || target.name.clone();
        if !was.configured {
            let target = name();
            self.changes
                .push(ConfigurationChange::TargetBack { target });
        }
        let external = target.worker == Worker::External;
        if external != was.external {
            let target = name();
            self.changes
                .push(ConfigurationChange::WorkerChanged { target, external });
        }
        let (from, to) = (was.holds_for, holds_for(target));
        let permits = self.store.calls().permits()?.into_iter();
        let in_flight = permits.filter(|permit| permit.target == id && permit.held_until.is_none());
        let in_flight = u64::try_from(in_flight.count()).unwrap_or(u64::MAX);
        if from != to && in_flight > 0 {
            let target = name();
            self.changes.push(ConfigurationChange::HoldChanged {
                target,
                from,
                to,
                in_flight,
            });
        }
        Ok(())
    }
}

/// The rows of a limit, under its present name.
fn rows_named(places: &[WindowRow], name: &str, limit: &Limit) -> Vec<WindowRow> {
    let rows = places.iter().filter(|row| row.limit == name);
    rows.map(|row| WindowRow {
        limit: limit.name.clone(),
        ..row.clone()
    })
    .collect()
}
