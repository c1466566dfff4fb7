//! The gate of one target: which lane may start a call now, or not until when.
//!
//! It holds limits, open permits, three lanes and what the vendor's throttles taught. It does not
//! hold the backlog: the host says which lanes have a call waiting, takes the first call of the
//! lane it is offered, and persists what it is given back in the transaction of that decision. Each
//! file of `gate/` is one thing that a host does with it or asks of it.
//!
//! [`Gate`] starts and ends calls. Questions go to a [`GateView`], which is also what decides; what the vendor's answers
//! teach it goes through a [`Feedback`].

mod amend;
mod answer;
mod calendar;
mod explain;
mod feedback;
mod give_back;
mod lines;
mod memory;
mod pace;
mod pause;
mod quota;
mod rate;
mod throttle;
mod trouble;
mod usage;
mod view;
mod wake;

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar_clock::CalendarClock;
use crate::feedback::{AccountTrouble, Ceiling, Successes, VendorPause};
use crate::lane::{Lanes, Waiting};
use crate::limit::{LimitState, WindowRow};
use crate::pause::Pauses;
use crate::permit::NextCall;
use crate::permit::{OpenPermit, PermitId, Permits, Stage};
use crate::planned_pause::PlannedPause;
use crate::priority::Priority;
use crate::rules::{Line, MaxDeferrals, MaxProbePause, Rules, Tariff};
use crate::time::Time;

pub use answer::Released;
pub use feedback::Feedback;
pub use memory::Memory;
pub use quota::{Disagreement, Quota};
pub use usage::LimitUsage;
pub use view::GateView;

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
    pub(crate) max_probe_pause: MaxProbePause,
    pub(crate) successes: Successes,
    pub(crate) pauses: Pauses,
    pub(crate) calendar: CalendarClock,
    pub(crate) planned: Vec<PlannedPause>,
    pub(crate) tariffs: Vec<Tariff>,
    /// The lines in which slots were freed since a host last asked.
    pub(crate) freed: BTreeSet<Line>,
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

    /// The gate after a restart. Permits that were open keep their slot in every limit until their
    /// hold ends, for nobody knows whether the vendor saw their calls. Rows of limits that no
    /// longer exist are ignored.
    ///
    /// No limit admits more than it would have without the restart. The rest of what that gate
    /// knew, such as a vendor pause, comes back with [`Gate::recall`].
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
        // trusted.
        let now = open
            .iter()
            .map(|permit| permit.started_at)
            .fold(now, Time::max);
        let mut rows = BTreeMap::<String, Vec<WindowRow>>::new();
        for row in windows {
            rows.entry(row.limit.clone()).or_default().push(row);
        }
        let tariffs = rules.tariffs();
        let limits = rules.limits.into_iter();
        let mut limits: Vec<LimitState> =
            limits.map(|rule| LimitState::new(rule, &tariffs)).collect();
        for limit in &mut limits {
            limit.restore(rows.remove(&limit.rule.name).unwrap_or_default(), now);
        }
        let mut permits = Permits::default();
        for permit in open {
            let call = NextCall {
                stage: Stage::Call,
                charges: permit.charges,
            };
            permits.open(permit.id, permit.priority, call, permit.started_at);
            permits.hold(permit.id, permit.held_until);
            for limit in &mut limits {
                limit.open(permit.priority, &permit.charges);
            }
        }
        Gate {
            limits,
            bounds: rules.max_deferrals,
            permits,
            lanes: Lanes::default(),
            ceiling: None,
            vendor_pause: None,
            trouble: AccountTrouble::default(),
            max_probe_pause: rules.max_probe_pause,
            successes: Successes::default(),
            pauses: Pauses::default(),
            calendar: CalendarClock::default(),
            planned: rules.pauses,
            tariffs,
            freed: BTreeSet::new(),
            now,
        }
    }

    /// Which lane may start its next call. Call [`Gate::release_holds`] first where a hold may have
    /// ended: this only decides.
    pub fn decide(&mut self, waiting: Waiting, now: Time) -> Decision {
        self.advance(now);
        let view = self.view(now);
        match view.first(view.admitted(waiting)) {
            Some(lane) => Decision::Start(lane),
            None if waiting.any() => Decision::NotBefore(view.opens_at(waiting)),
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
        let eligible = self.view(now).admitted(waiting);
        assert!(
            eligible.has(priority),
            "permit {id}: a {priority} call starts that the gate does not admit"
        );
        let call = waiting.next(priority);
        self.permits.open(id, priority, call, self.now);
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
            .filter_map(|limit| limit.started(priority, &call.charges, now))
            .collect()
    }

    /// The gate at this moment, for questions.
    pub fn view(&self, now: Time) -> GateView<'_> {
        GateView::of(self, self.at(now))
    }

    /// What the vendor's answers teach the gate at this moment.
    pub fn feedback(&mut self, now: Time) -> Feedback<'_> {
        self.advance(now);
        Feedback::to(self)
    }

    /// The moment to take `now` for.
    pub(crate) fn at(&self, now: Time) -> Time {
        self.now.max(now)
    }

    pub(crate) fn advance(&mut self, now: Time) {
        self.now = self.at(now);
        let freed = &mut self.freed;
        for limit in &mut self.limits {
            limit.expire(self.now, |line| {
                freed.insert(line);
            });
        }
    }
}
