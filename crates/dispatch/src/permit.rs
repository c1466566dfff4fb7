//! The calls in flight: each holds a permit, and with it one slot in every limit, until its answer.
//!
//! This is the only record of open calls. Every limit reads it, so a call is in all of them or in
//! none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::priority::Priority;
use crate::rules::Taken;
use crate::time::Time;

/// Names a permit; chosen by the host, unique among open permits.
pub type PermitId = i64;

/// Names a call through all of its attempts; chosen by the host.
pub type CallId = i64;

/// A permit that was open when the host stopped. Its outcome is unknown: it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPermit {
    /// The permit.
    pub id: PermitId,
    /// The priority of its call.
    pub priority: Priority,
    /// When the permit was given.
    pub started_at: Time,
    /// Until when its call may still be counted by the vendor: its timeout and the hold after it.
    pub held_until: Time,
}

/// All open permits of a target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permits {
    open: BTreeMap<PermitId, Permit>,
    holds: BTreeSet<(Time, PermitId)>,
    calls: Taken,
    polls: Taken,
    jobs: Taken,
}

/// What an open permit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A call that may become a job.
    Call,
    /// A call that polls a job.
    Poll,
    /// Work that the vendor continues after it has answered the call.
    Job,
}

#[derive(Clone, Copy, Debug)]
struct Permit {
    priority: Priority,
    stage: Stage,
    started_at: Time,
    held_until: Option<Time>,
    /// Its outcome is known not to be a good answer.
    refused: bool,
}

impl Permits {
    /// Requests in flight by priority, held ones included.
    pub(crate) fn requests(&self) -> Taken {
        self.calls.and(self.polls)
    }

    /// Calls that may become jobs, and jobs, by priority.
    pub(crate) fn jobs(&self) -> Taken {
        self.calls.and(self.jobs)
    }

    /// All of them, by priority.
    pub(crate) fn all(&self) -> Taken {
        self.requests().and(self.jobs)
    }

    fn of_stage(&mut self, stage: Stage) -> &mut Taken {
        match stage {
            Stage::Call => &mut self.calls,
            Stage::Poll => &mut self.polls,
            Stage::Job => &mut self.jobs,
        }
    }

    pub(crate) fn is_open(&self, id: PermitId) -> bool {
        self.open.contains_key(&id)
    }

    pub(crate) fn held(&self) -> usize {
        self.holds.len()
    }

    /// When the first hold ends.
    pub(crate) fn first_hold_end(&self) -> Option<Time> {
        self.holds.first().map(|(until, _)| *until)
    }

    /// When an open call was started.
    pub(crate) fn started_at(&self, id: PermitId) -> Option<Time> {
        self.open.get(&id).map(|permit| permit.started_at)
    }

    pub(crate) fn open(
        &mut self,
        id: PermitId,
        priority: Priority,
        stage: Stage,
        started_at: Time,
    ) {
        let before = self.open.insert(
            id,
            Permit {
                priority,
                stage,
                started_at,
                held_until: None,
                refused: false,
            },
        );
        assert!(before.is_none(), "permit {id} is given twice");
        self.of_stage(stage).add(priority, 1);
    }

    /// The call of this permit ended with a throttle or with the account's trouble.
    pub(crate) fn refuse(&mut self, id: PermitId) {
        if let Some(permit) = self.open.get_mut(&id) {
            permit.refused = true;
        }
    }

    /// When an open call was started, if all that is known about it is that it was answered.
    pub(crate) fn well_since(&self, id: PermitId) -> Option<Time> {
        let permit = self.open.get(&id)?;
        (!permit.refused).then_some(permit.started_at)
    }

    /// The call of this permit was answered and its work goes on.
    pub(crate) fn become_job(&mut self, id: PermitId) -> Priority {
        let permit = self.open.get_mut(&id);
        let permit = permit.unwrap_or_else(|| panic!("permit {id} has a job but is not open"));
        let (priority, before) = (permit.priority, permit.stage);
        permit.stage = Stage::Job;
        if let Some(until) = permit.held_until.take() {
            self.holds.remove(&(until, id));
        }
        self.of_stage(before).remove(priority, 1);
        self.of_stage(Stage::Job).add(priority, 1);
        priority
    }

    pub(crate) fn close(&mut self, id: PermitId) -> (Priority, Stage) {
        let permit = self.open.remove(&id);
        let permit = permit.unwrap_or_else(|| panic!("permit {id} is closed but is not open"));
        if let Some(until) = permit.held_until {
            self.holds.remove(&(until, id));
        }
        self.of_stage(permit.stage).remove(permit.priority, 1);
        (permit.priority, permit.stage)
    }

    pub(crate) fn hold(&mut self, id: PermitId, until: Time) {
        let permit = self.open.get_mut(&id);
        let permit = permit.unwrap_or_else(|| panic!("permit {id} is held but is not open"));
        if let Some(before) = permit.held_until.replace(until) {
            self.holds.remove(&(before, id));
        }
        self.holds.insert((until, id));
    }

    /// All open permits, by id; one without a hold is held for `unheld` from its start.
    pub(crate) fn open_permits(&self, unheld: Duration) -> impl Iterator<Item = OpenPermit> {
        self.open.iter().map(move |(id, permit)| OpenPermit {
            id: *id,
            priority: permit.priority,
            started_at: permit.started_at,
            held_until: permit
                .held_until
                .unwrap_or_else(|| permit.started_at.saturating_add(unheld)),
        })
    }

    /// The first hold that has ended by `now`.
    pub(crate) fn ended_hold(&self, now: Time) -> Option<(Time, PermitId)> {
        self.holds
            .first()
            .copied()
            .filter(|(until, _)| *until <= now)
    }
}
