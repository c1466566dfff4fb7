//! What the gate makes of the account's own trouble, and of the good answer that ends it.

use super::Gate;
use crate::feedback::{Trouble, TroubleState, VendorPause};
use crate::permit::{CallId, PermitId};
use crate::time::Time;

impl Gate {
    /// The call of this permit ended with what is the account's trouble, as far as the host can tell. Call it before the
    /// permit is closed: by [`Gate::not_sent`] if the call never reached the vendor, else by [`Gate::finish`]. `jitter` is any
    /// random number.
    ///
    /// After [`crate::TROUBLED_CALLS`] such outcomes of one kind in a row, from different calls, the target is shut. Then one
    /// probe at a time is admitted, the first call of the lane that goes first, after pauses that grow to
    /// [`crate::MAX_PROBE_PAUSE`]. No attempt of any call should be used up by it. The first answer that is neither such an
    /// outcome nor a throttle opens the target, with a ramp.
    ///
    /// Answers with the trouble that the target is shut for, if it is.
    pub fn troubled(
        &mut self,
        id: PermitId,
        call: CallId,
        kind: Trouble,
        now: Time,
        jitter: u64,
    ) -> Option<TroubleState> {
        self.advance(now);
        self.permits.refuse(id);
        if let Some(pause) = &mut self.vendor_pause {
            pause.held(id);
        }
        self.trouble.outcome(id, call, kind, self.now, jitter);
        self.trouble.state()
    }

    /// The account's trouble that the target is shut for, if it is.
    pub fn trouble(&self) -> Option<TroubleState> {
        self.trouble.state()
    }

    /// The call of this permit was answered; well, unless the host has said otherwise.
    pub(super) fn heard(&mut self, id: PermitId) {
        if let Some(started_at) = self.permits.well_since(id) {
            if self.successes.answered(started_at, self.now)
                && let Some(pause) = &mut self.vendor_pause
            {
                pause.end(self.now);
            }
            if self.trouble.answered() {
                self.reopen();
            }
        } else {
            self.trouble.says_nothing(id, self.now);
        }
        if let Some(pause) = &mut self.vendor_pause {
            pause.answered(id);
        }
    }

    /// The target opens again after the account's trouble: with a ramp, for everybody who waited comes at once.
    pub(super) fn reopen(&mut self) {
        let pause = VendorPause::announced(self.vendor_pause.as_ref(), self.now, self.now);
        self.vendor_pause = Some(pause);
    }
}
