//! What becomes of a permit: an answer, a job, a hold, the end of the hold.

use super::Gate;
use crate::limit::WindowRow;
use crate::permit::NextCall;
use crate::permit::{Closed, PermitId, Stage};
use crate::priority::Priority;
use crate::time::Time;

/// A held permit whose time has come: it is closed, as if its call had been answered at the end of
/// the hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// The permit.
    pub id: PermitId,
    /// What to persist with it.
    pub rows: Vec<WindowRow>,
}

impl Gate {
    /// The answer arrived, whatever it says: the call is no longer in flight, and its slot in each
    /// window is free one length after now (after the start, where the window counts from the
    /// send). `now` must be read after the answer.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn finish(&mut self, id: PermitId, now: Time) -> Vec<WindowRow> {
        self.feedback(now).heard(id);
        self.close(id, self.now)
    }

    /// The vendor accepted the call and goes on with it as a job. In windows and in limits that count
    /// requests the call is over, as with [`Gate::finish`]; in limits that count jobs it keeps its
    /// slot until `finish` of the same permit, when the job has ended. For a gate whose
    /// [`Gate::counts_jobs`] is false, `finish` the call instead.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn accepted(&mut self, id: PermitId, now: Time) -> Vec<WindowRow> {
        self.feedback(now).heard(id);
        let request = self.permits.become_job(id);
        let now = self.now;
        self.answered_in_windows(request, now)
    }

    /// After [`Gate::restore`]: the job of this permit still runs, as far as the host knows. Its
    /// permit must not be among those that were restored.
    ///
    /// # Panics
    /// If the permit is open already.
    pub fn restore_job(&mut self, id: PermitId, priority: Priority, started_at: Time) {
        let job = NextCall::plain(Stage::Job);
        self.permits.open(id, priority, job, started_at);
    }

    /// The outcome is unknown (a timeout, a lost connection): the permit keeps its slot in every
    /// limit until `until`, the latest moment at which the vendor may still count the call. A later
    /// hold or answer replaces this one.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn hold(&mut self, id: PermitId, until: Time) {
        if let Some(pause) = &mut self.vendor_pause {
            pause.held(id);
        }
        self.trouble
            .says_nothing(id, self.now, self.max_probe_pause);
        self.permits.hold(id, until.max(self.now));
    }

    /// Closes the permits whose hold has ended, as if each had been answered at the end of its
    /// hold.
    pub fn release_holds(&mut self, now: Time) -> Vec<Released> {
        self.advance(now);
        let mut released = Vec::new();
        while let Some((end, id)) = self.permits.ended_hold(self.now) {
            released.push(Released {
                id,
                rows: self.close(id, end),
            });
        }
        released
    }

    fn close(&mut self, id: PermitId, answered_at: Time) -> Vec<WindowRow> {
        let closed = self.permits.close(id);
        match closed.stage {
            // Its request was answered when the vendor accepted it.
            Stage::Job => Vec::new(),
            Stage::Call | Stage::Poll => self.answered_in_windows(closed, answered_at),
        }
    }

    fn answered_in_windows(&mut self, request: Closed, answered_at: Time) -> Vec<WindowRow> {
        let now = self.now;
        let Closed {
            priority, charges, ..
        } = request;
        self.freed.extend(charges.lines());
        self.limits
            .iter_mut()
            .filter_map(|limit| limit.answered(priority, &charges, answered_at, now))
            .collect()
    }
}
