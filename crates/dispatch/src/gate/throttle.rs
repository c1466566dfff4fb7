//! What the gate makes of the vendor's refusals: a lower ceiling on calls in flight, or a pause for the whole target.

use std::time::Duration;

use super::Feedback;
use crate::feedback::{
    AccountTrouble, Ceiling, Refusal, Successes, Throttle, ThrottleReport, VendorPause, Whose,
};
use crate::permit::PermitId;
use crate::rules::Charges;
use crate::time::Time;

impl Feedback<'_> {
    /// The vendor refused the call of this permit. Call it before [`super::Gate::finish`] of that call, so that the call itself
    /// counts as in flight. `jitter` is any random number; it spreads the pauses whose length the vendor did not state.
    ///
    /// The trouble is the call's own ([`Whose::Call`]) if we are under our own limits, the last answers to other calls were
    /// good, and the vendor does not say that it means everybody. Trouble that was the call's own before no longer closes
    /// the target, whatever other calls have met since: then it is likely, but not proven. A concurrency throttle lowers the
    /// ceiling the first time that a call meets one, whoever's trouble it is. A pause that such a throttle caused ends as
    /// soon as the vendor gives a good answer to a call that left later than the refused one.
    ///
    /// The ceiling is lowered once per round trip: the refusals of calls that were started before it was lowered teach
    /// nothing new. With a ceiling of one call there is nothing to lower, and the target closes as for a window throttle; it
    /// also does so if the vendor says for how long.
    pub fn throttled(&mut self, id: PermitId, refusal: Refusal, jitter: u64) -> ThrottleReport {
        let kind = refusal.throttle;
        let is_concurrency = matches!(kind, Throttle::Concurrency { .. });
        let charges = self.gate.permits.charges(id).unwrap_or_default();
        let under_our_limit = self.has_room(is_concurrency, &charges);
        let others_succeed = self.gate.successes.throttled(refusal.call, self.gate.now);
        self.gate.permits.refuse(id);
        let longest = self.gate.max_probe_pause;
        if !refusal.overload && self.gate.trouble.throttled(id, self.gate.now, longest) {
            self.reopen();
        }
        let only_lowers = is_concurrency
            && refusal.earlier == 0
            && self
                .tightest_concurrency()
                .is_some_and(|ceiling| ceiling > 1);
        let is_known = refusal.earlier > 0 && !is_concurrency;
        let is_its_own =
            under_our_limit && (others_succeed || is_known) && !refusal.for_all && !only_lowers;
        if is_its_own {
            if let Some(pause) = &mut self.gate.vendor_pause {
                pause.held(id);
            }
            return ThrottleReport {
                is_proven: others_succeed,
                ..self.throttle_report(Whose::Call, under_our_limit)
            };
        }
        self.heed(id, kind, refusal.for_all, jitter);
        self.throttle_report(Whose::Account, under_our_limit)
    }

    fn throttle_report(&self, whose: Whose, under_our_limit: bool) -> ThrottleReport {
        let closed_until = self.gate.vendor_pause.as_ref().map(VendorPause::until);
        ThrottleReport {
            whose,
            is_proven: true,
            under_our_limit,
            learned_ceiling: self.gate.view(self.gate.now).learned_ceiling(),
            closed_until: closed_until.filter(|until| *until > self.gate.now),
        }
    }

    /// Narrows what the gate admits.
    fn heed(&mut self, id: PermitId, kind: Throttle, for_all: bool, jitter: u64) {
        let started_at = self.gate.permits.started_at(id);
        let (retry_after, shuts) = match (kind, self.tightest_concurrency()) {
            (Throttle::Concurrency { retry_after }, Some(ceiling)) => {
                let is_lowest = self.lower(ceiling, started_at);
                (retry_after, is_lowest || states_a_time(retry_after))
            }
            // Without a limit on calls in flight there is nothing to lower: a pause is all that helps.
            (Throttle::Concurrency { retry_after }, None)
            | (Throttle::Window { retry_after }, _) => (retry_after, true),
        };
        if shuts {
            self.shut(retry_after, started_at, for_all, jitter);
        } else if let Some(pause) = &mut self.gate.vendor_pause {
            pause.narrow();
        }
    }

    /// An answer that refused nobody says that none of the vendor's calls are left for `resets_in`. If our own
    /// windows have room, somebody else uses the account or a limit is too high: the target closes until then,
    /// before the first throttle, and reopens with a ramp. If one of them is full, the vendor says no more
    /// than we know, and our own count is finer than a header.
    ///
    /// Returns until when the target is closed, if this closed it.
    pub fn used_up(&mut self, resets_in: Duration) -> Option<Time> {
        let until = self.gate.now.saturating_add(resets_in);
        if until <= self.gate.now || !self.has_room(false, &Charges::NOTHING) {
            return None;
        }
        let pause = VendorPause::announced(self.gate.vendor_pause.as_ref(), until, self.gate.now);
        let until = pause.until();
        self.gate.vendor_pause = Some(pause);
        self.gate.successes.shut(None);
        Some(until)
    }

    /// Forgets what throttles and the account's trouble taught: the ceiling is the configured one, the target is open.
    pub fn forget_throttles(&mut self) {
        self.gate.ceiling = None;
        self.gate.vendor_pause = None;
        self.gate.trouble = AccountTrouble::default();
        self.gate.successes = Successes::default();
    }

    /// Whether all limits of one kind that count a call with these charges, as configured, have a slot left.
    fn has_room(&self, concurrency: bool, charges: &Charges) -> bool {
        let context = self.gate.view(self.gate.now).context();
        let mut limits = self
            .gate
            .limits
            .iter()
            .filter(|limit| limit.is_concurrency() == concurrency);
        limits.all(|limit| {
            let taken = limit.taken_from(charges, context);
            taken.is_none_or(|taken| taken.total() < limit.rule.max())
        })
    }

    /// The most calls that may be in flight at present, if any limit bounds them.
    fn tightest_concurrency(&self) -> Option<u32> {
        let context = self.gate.view(self.gate.now).context();
        let limits = self
            .gate
            .limits
            .iter()
            .filter(|limit| limit.is_concurrency() && limit.counts_requests())
            .filter(|limit| limit.tariff.is_none());
        limits
            .map(|limit| u32::try_from(limit.max(context)).unwrap_or(u32::MAX))
            .min()
    }

    /// Lowers the ceiling after the refusal of a call that was started at this time, unless the call left before the last
    /// lowering. Returns whether it cannot go any lower, so that only a pause leaves the vendor alone.
    fn lower(&mut self, ceiling: u32, started_at: Option<Time>) -> bool {
        let left_before = self
            .gate
            .ceiling
            .zip(started_at)
            .is_some_and(|(ceiling, started_at)| started_at < ceiling.lowered_at());
        if !left_before {
            self.gate.ceiling = Some(Ceiling::below(ceiling, self.gate.now));
        }
        !left_before && ceiling == 1
    }

    /// Closes the target. Unless the vendor means everybody, now or in the pause in force, a good answer may prove
    /// that wrong.
    fn shut(
        &mut self,
        retry_after: Option<Duration>,
        started_at: Option<Time>,
        for_all: bool,
        jitter: u64,
    ) {
        let before = self.gate.vendor_pause.as_ref();
        let is_certain = before.is_some_and(|pause| pause.until() > self.gate.now)
            && !self.gate.successes.is_pause_doubted();
        self.gate.vendor_pause = Some(VendorPause::after(
            before,
            retry_after,
            self.gate.now,
            jitter,
        ));
        let doubted = started_at.filter(|_| !for_all && !is_certain);
        self.gate.successes.shut(doubted);
    }
}

/// Whether the vendor asks to be left alone for a time.
fn states_a_time(retry_after: Option<Duration>) -> bool {
    retry_after.is_some_and(|stated| !stated.is_zero())
}
