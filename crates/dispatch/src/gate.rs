//! The gate of one target: which lane may start a call now, or not until when.
//!
//! It holds limits, open permits, three lanes and what the vendor's throttles taught. It does not
//! hold the backlog: the host says which lanes have a call waiting, takes the first call of the
//! lane it is offered, and persists what it is given back in the transaction of that decision. Each
//! file of `gate/` is one thing that a host does with it or asks it.

mod amend;
mod answer;
mod explain;
mod give_back;
mod memory;
mod pace;
mod pause;
mod quota;
mod rate;
mod throttle;
mod trouble;
mod usage;
mod verdict;
mod wake;

use std::collections::BTreeMap;

use crate::feedback::{AccountTrouble, Ceiling, Opening, Successes, VendorPause};
use crate::lane::{Lanes, Waiting};
use crate::limit::{LimitContext, LimitState, WindowRow};
use crate::pause::Pauses;
use crate::permit::{OpenPermit, PermitId, Permits, Stage};
use crate::priority::Priority;
use crate::rules::{MaxDeferrals, Rules};
use crate::time::Time;

pub use answer::Released;
pub use memory::Memory;
pub use quota::{Disagreement, Quota};
pub use usage::LimitUsage;
pub use verdict::Verdict;

/// The gate of one target. See the crate's page for how a host drives it.
#[derive(Clone, Debug)]
pub struct Gate {
    pub(crate) limits: Vec<LimitState>,
    pub(crate) bounds: MaxDeferrals,
    pub(crate) permits: Permits,
    pub(crate) lanes: Lanes,
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) vendor_pause: Option<VendorPause>,
    pub(crate) trouble: AccountTrouble,
    pub(crate) successes: Successes,
    pub(crate) pauses: Pauses,
    /// The latest moment it was told. An earlier one is taken for this one.
    now: Time,
}

/// The answer to "what may start now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first call of this lane may start.
    Start(Priority),
    /// A call waits, but none may start before this moment; `None`: only an answer or a command can
    /// change that.
    NotBefore(Option<Time>),
    /// No call waits.
    Idle,
}

impl Gate {
    /// A gate without open calls.
    ///
    /// # Panics
    /// If the rules are not valid: the host must have called [`Rules::validate`].
    pub fn new(rules: Rules, now: Time) -> Gate {
        Gate::restore(rules, Vec::new(), Vec::new(), now)
    }

    /// The gate after a restart. Permits that were open keep their place in every limit until their
    /// hold ends, for nobody knows whether the vendor saw their calls. Rows of limits that no
    /// longer exist are ignored.
    ///
    /// No limit admits more than it would have without the restart. The rest of what that gate
    /// knew, such as a closure by the vendor, comes back with [`Gate::recall`].
    ///
    /// # Panics
    /// As [`Gate::new`], and if two open permits have one id.
    pub fn restore(
        rules: Rules,
        open: Vec<OpenPermit>,
        windows: Vec<WindowRow>,
        now: Time,
    ) -> Gate {
        if let Err(error) = rules.validate() {
            panic!("the rules of a gate are checked before it is made: {error}");
        }
        // No call can have started in the future: a clock that went back across the restart is not
        // believed.
        let now = open
            .iter()
            .map(|permit| permit.started_at)
            .fold(now, Time::max);
        let mut rows = BTreeMap::<String, Vec<WindowRow>>::new();
        for row in windows {
            rows.entry(row.limit.clone()).or_default().push(row);
        }
        let mut limits: Vec<LimitState> = rules.limits.into_iter().map(LimitState::new).collect();
        for limit in &mut limits {
            limit.restore(rows.remove(&limit.rule.name).unwrap_or_default(), now);
        }
        let mut permits = Permits::default();
        for permit in open {
            permits.open(permit.id, permit.priority, Stage::Call, permit.started_at);
            permits.hold(permit.id, permit.held_until);
        }
        Gate {
            limits,
            bounds: rules.max_deferrals,
            permits,
            lanes: Lanes::default(),
            ceiling: None,
            vendor_pause: None,
            trouble: AccountTrouble::default(),
            successes: Successes::default(),
            pauses: Pauses::default(),
            now,
        }
    }

    /// Which lane may start its next call. Call [`Gate::release_holds`] first where a hold may have
    /// ended: this only decides.
    pub fn decide(&mut self, waiting: Waiting, now: Time) -> Decision {
        self.advance(now);
        match self
            .lanes
            .first(self.eligible(waiting, self.now), &self.bounds)
        {
            Some(lane) => Decision::Start(lane),
            None if waiting.any() => Decision::NotBefore(self.opens_at(waiting)),
            None => Decision::Idle,
        }
    }

    /// Takes the permit that [`Gate::decide`] just offered, in every limit. Persist the permit and
    /// the rows before the call leaves. `waiting` is what `decide` was asked with.
    ///
    /// # Panics
    /// If a limit does not admit the call, or the permit is open already.
    pub fn start(
        &mut self,
        id: PermitId,
        priority: Priority,
        waiting: Waiting,
        now: Time,
    ) -> Vec<WindowRow> {
        self.advance(now);
        let waiting = waiting.with(priority);
        let eligible = self.eligible(waiting, self.now);
        assert!(
            eligible.has(priority),
            "permit {id}: a {priority} call starts that the gate does not admit"
        );
        self.permits
            .open(id, priority, waiting.next(priority), self.now);
        self.lanes.started(priority, eligible, &self.bounds);
        if let Some(pause) = &mut self.vendor_pause {
            pause.started(id);
        }
        self.trouble.started(id);
        let now = self.now;
        for limit in &mut self.limits {
            limit.pace(&self.permits, now);
        }
        self.limits
            .iter_mut()
            .filter_map(|limit| limit.started(priority, now))
            .collect()
    }

    /// The lanes that wait and whose next call everything admits.
    pub(crate) fn eligible(&self, waiting: Waiting, now: Time) -> Waiting {
        let mut eligible = Waiting::NONE;
        for lane in waiting.lanes() {
            let admitted = self.admits(lane, waiting.next(lane), now);
            eligible.set(lane, admitted && self.paced(lane, waiting, now).is_none());
        }
        eligible
    }

    fn admits(&self, lane: Priority, stage: Stage, now: Time) -> bool {
        let context = self.context(now);
        self.pauses.of(lane).is_none()
            && self.opening(now) == Opening::Open
            && self
                .limits
                .iter()
                .all(|limit| limit.admits(lane, stage, context))
    }

    /// Which of the eligible lanes would start.
    pub(crate) fn first(&self, eligible: Waiting) -> Option<Priority> {
        self.lanes.first(eligible, &self.bounds)
    }

    pub(crate) fn opening(&self, now: Time) -> Opening {
        if let Some(trouble) = self.trouble.state()
            && trouble.next_probe.is_none_or(|next| now < next)
        {
            return Opening::Trouble(trouble);
        }
        self.vendor_pause
            .as_ref()
            .map_or(Opening::Open, |pause| pause.opening(now))
    }

    /// What the limits read.
    pub(crate) fn context(&self, now: Time) -> LimitContext<'_> {
        LimitContext {
            permits: &self.permits,
            ceiling: self.ceiling,
            now,
        }
    }

    /// The moment to take `now` for.
    pub(crate) fn at(&self, now: Time) -> Time {
        self.now.max(now)
    }

    pub(crate) fn advance(&mut self, now: Time) {
        self.now = self.at(now);
        for limit in &mut self.limits {
            limit.expire(self.now);
        }
    }
}
