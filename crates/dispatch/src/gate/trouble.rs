//! What the gate makes of the account's own trouble, and of the good answer that ends it.

use super::{Feedback, Gate};
use crate::feedback::{ProbePauses, TroubleReport, TroubleState, Troubled, VendorPause, Whose};
use crate::permit::PermitId;

impl Feedback<'_> {
    /// The call of this permit ended with what is the account's trouble, as far as the host can tell. Call it before the
    /// permit is closed: by [`Gate::not_sent`] if the call never reached the vendor, else by [`Gate::finish`]. `jitter` is any
    /// random number.
    ///
    /// After [`crate::TROUBLED_CALLS`] such outcomes of one kind in a row, from different calls or of calls that never
    /// reached the vendor, the target is closed. Then one probe at a time is admitted, the first call of the lane that goes
    /// first, after pauses that grow to [`crate::MaxProbePause`]. What is the account's trouble should use up no attempt
    /// of any call. The first answer that is neither such an outcome nor a throttle opens the target, with a ramp.
    ///
    /// Returns whose trouble it is, and why the target is closed, if it is.
    pub fn troubled(&mut self, id: PermitId, outcome: Troubled, jitter: u64) -> TroubleReport {
        self.gate.permits.refuse(id);
        if let Some(pause) = &mut self.gate.vendor_pause {
            pause.held(id);
        }
        let now = self.gate.now;
        let pauses = ProbePauses {
            longest: self.gate.max_probe_pause,
            jitter,
        };
        self.gate.trouble.outcome(id, outcome, now, pauses);
        let state = self.gate.trouble.state();
        let whose = match state.is_some() || !outcome.reached {
            true => Whose::Account,
            false => Whose::Call,
        };
        TroubleReport { whose, state }
    }

    /// The call of this permit was answered; well, unless the host has said otherwise.
    pub(super) fn heard(&mut self, id: PermitId) {
        if let Some(started_at) = self.gate.permits.well_since(id) {
            if self.gate.successes.answered(started_at, self.gate.now)
                && let Some(pause) = &mut self.gate.vendor_pause
            {
                pause.end(self.gate.now);
            }
            if self.gate.trouble.answered() {
                self.reopen();
            }
        } else {
            let longest = self.gate.max_probe_pause;
            self.gate.trouble.says_nothing(id, self.gate.now, longest);
        }
        if let Some(pause) = &mut self.gate.vendor_pause {
            pause.answered(id);
        }
    }

    /// The target opens again after the account's trouble: with a ramp, because everything that waited comes at
    /// once.
    pub(super) fn reopen(&mut self) {
        let pause = VendorPause::announced(
            self.gate.vendor_pause.as_ref(),
            self.gate.now,
            self.gate.now,
        );
        self.gate.vendor_pause = Some(pause);
    }
}

impl Gate {
    /// The account's trouble for which the target is closed, if it is.
    pub fn trouble(&self) -> Option<TroubleState> {
        self.trouble.state()
    }
}
