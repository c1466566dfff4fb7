//! The account's own trouble: the vendor cannot be reached, or refuses to sign us in.
//!
//! No call is to blame, so none of them pays for it: after a few such outcomes in a row, from different calls, the target is
//! closed. Then one probe at a time goes out, after pauses that grow, and the first good answer opens the target again. What
//! such an outcome looks like is the business of the `caller` crate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::vendor_pause::{FIRST_PAUSE, spread};
use super::whose::Whose;
use crate::permit::{CallId, PermitId};
use crate::rules::MaxProbePause;
use crate::time::Time;

/// This many outcomes of one kind in a row are the account's trouble, if they come from different calls or from calls that
/// never reached the vendor and so cannot have caused them.
pub const TROUBLED_CALLS: usize = 3;
/// What can be wrong with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// No connection, no name, no TLS, or a gateway's answer (502, 503, 504) that is no sign of this call.
    Unreachable,
    /// The credentials are refused, revoked or expired, or the sign-in itself is throttled.
    SignInRefused,
}

impl Trouble {
    /// Its name in labels and fields.
    pub const fn as_str(self) -> &'static str {
        match self {
            Trouble::Unreachable => "unreachable",
            Trouble::SignInRefused => "sign_in_refused",
        }
    }
}

/// An outcome that may be the account's trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Troubled {
    /// The call that met it, named through all of its attempts.
    pub call: CallId,
    /// What the matter is.
    pub kind: Trouble,
    /// Part of the call reached the vendor, or whoever answers in its place: the call itself may have brought it about.
    pub reached: bool,
}

/// What the gate makes of such an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TroubleReport {
    /// The account's if the target is closed, or the call never reached the vendor. The call's own as long as no other call
    /// meets it.
    pub whose: Whose,
    /// Why the target is closed, if it is.
    pub state: Option<TroubleState>,
}

/// An account in trouble, as a host shows it. The text of the last error is the host's to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TroubleState {
    /// What is wrong, by the last probe.
    pub kind: Trouble,
    /// Since when.
    pub since: Time,
    /// When the next probe may leave; none while one is in flight.
    pub next_probe: Option<Time>,
    /// Probes that failed so far.
    pub probes: u32,
}

/// What the outcomes so far say about the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountTrouble {
    /// Outcomes of one kind in a row: the calls that had them, too few to close the target.
    row: Option<(Trouble, Vec<CallId>)>,
    shut: Option<Shut>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shut {
    kind: Trouble,
    since: Time,
    next_probe: Time,
    /// Probes that failed; the exponent of the next pause.
    probes: u32,
    /// The probe that is out.
    probe: Option<PermitId>,
}

impl AccountTrouble {
    pub(crate) fn state(&self) -> Option<TroubleState> {
        self.shut.as_ref().map(|shut| TroubleState {
            kind: shut.kind,
            since: shut.since,
            next_probe: shut.probe.is_none().then_some(shut.next_probe),
            probes: shut.probes,
        })
    }

    /// The call of this permit ended so.
    pub(crate) fn outcome(
        &mut self,
        id: PermitId,
        outcome: Troubled,
        now: Time,
        pauses: ProbePauses,
    ) {
        let kind = outcome.kind;
        match &mut self.shut {
            Some(shut) if shut.probe == Some(id) => {
                if shut.kind != kind {
                    shut.kind = kind;
                    shut.since = now;
                }
                shut.probe = None;
                shut.probes = shut.probes.saturating_add(1);
                shut.next_probe = now.saturating_add(pauses.after(shut.probes));
            }
            // It was sent before the target was closed.
            Some(_) => {}
            None => self.count(outcome, now, pauses),
        }
    }

    fn count(&mut self, outcome: Troubled, now: Time, pauses: ProbePauses) {
        let Troubled {
            call,
            kind,
            reached,
        } = outcome;
        let mut calls = match self.row.take() {
            Some((before, calls)) if before == kind => calls,
            _ => Vec::new(),
        };
        if !reached || !calls.contains(&call) {
            calls.push(call);
        }
        if calls.len() < TROUBLED_CALLS {
            self.row = Some((kind, calls));
            return;
        }
        self.shut = Some(Shut {
            kind,
            since: now,
            next_probe: now.saturating_add(pauses.after(0)),
            probes: 0,
            probe: None,
        });
    }

    /// A call started: while the target is closed, it is the probe.
    pub(crate) fn started(&mut self, id: PermitId) {
        if let Some(shut) = &mut self.shut {
            shut.probe = Some(id);
        }
    }

    /// The vendor answered a call. Returns whether that opens the target.
    pub(crate) fn answered(&mut self) -> bool {
        self.row = None;
        self.shut.take().is_some()
    }

    /// The vendor throttled a call: it can be reached, but it may throttle callers that it would not sign in. Returns
    /// whether that opens the target.
    pub(crate) fn throttled(&mut self, id: PermitId, now: Time, longest: MaxProbePause) -> bool {
        let kind = self.shut.as_ref().map(|shut| shut.kind);
        if kind == Some(Trouble::SignInRefused) {
            self.says_nothing(id, now, longest);
            return false;
        }
        if matches!(self.row, Some((Trouble::Unreachable, _))) {
            self.row = None;
        }
        self.shut.take().is_some()
    }

    /// The call of this permit ended without saying anything about the account: if it was the probe, another goes out after
    /// the same pause.
    pub(crate) fn says_nothing(&mut self, id: PermitId, now: Time, longest: MaxProbePause) {
        if let Some(shut) = self.shut.as_mut().filter(|shut| shut.probe == Some(id)) {
            shut.probe = None;
            shut.next_probe =
                now.saturating_add(ProbePauses::without_chance(longest).after(shut.probes));
        }
    }

    /// No call used this permit.
    pub(crate) fn given_back(&mut self, id: PermitId) {
        if let Some(shut) = self.shut.as_mut().filter(|shut| shut.probe == Some(id)) {
            shut.probe = None;
        }
    }

    /// The process stopped: a probe that was in flight is held.
    pub(crate) fn forget_calls(&mut self, now: Time, longest: MaxProbePause) {
        if let Some(id) = self.shut.as_ref().and_then(|shut| shut.probe) {
            self.says_nothing(id, now, longest);
        }
    }

    /// Another process goes on with the same permits: the probe is in flight if its permit is open.
    pub(crate) fn keep_calls(&mut self, is_open: impl Fn(PermitId) -> bool) {
        if let Some(shut) = &mut self.shut {
            shut.probe = shut.probe.filter(|id| is_open(*id));
        }
    }
}

/// The pauses between two probes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbePauses {
    pub(crate) longest: MaxProbePause,
    /// Any random number: it spreads them.
    pub(crate) jitter: u64,
}

impl ProbePauses {
    /// The same ones every time, for what is done without a random number.
    fn without_chance(longest: MaxProbePause) -> ProbePauses {
        ProbePauses {
            longest,
            jitter: u64::MAX,
        }
    }

    /// The pause before the next probe, after this many that failed: a quarter longer each time, so that the return of a
    /// vendor is noticed after a fraction of the time that it was away.
    fn after(self, probes: u32) -> Duration {
        let MaxProbePause(longest) = self.longest;
        let mut pause = FIRST_PAUSE;
        for _ in 0..probes {
            if pause >= longest {
                break;
            }
            pause += pause / 4;
        }
        spread(pause.min(longest), self.jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(0);

    const SOON: ProbePauses = ProbePauses {
        longest: MaxProbePause(Duration::from_secs(60)),
        jitter: 0,
    };

    const LATE: ProbePauses = ProbePauses {
        jitter: u64::MAX / 2,
        ..SOON
    };

    #[test]
    fn no_pause_between_probes_is_longer_than_the_target_says() {
        for longest in [Duration::from_millis(300), Duration::from_secs(3600)] {
            for jitter in [0, u64::MAX / 3, u64::MAX] {
                let longest = MaxProbePause(longest);
                let pauses = ProbePauses { longest, jitter };
                let most = (0..100).map(|probes| pauses.after(probes)).max();
                let most = most.expect("there are some");
                assert!(most <= longest.0 && most >= longest.0 / 2, "{most:?}");
            }
        }
    }

    /// An outcome of a call that reached the vendor.
    fn of(call: CallId, kind: Trouble) -> Troubled {
        Troubled {
            call,
            kind,
            reached: true,
        }
    }

    fn shut() -> AccountTrouble {
        let mut account = AccountTrouble::default();
        for call in 1..=3 {
            account.outcome(call, of(call, Trouble::Unreachable), NOW, SOON);
        }
        assert!(account.state().is_some());
        account
    }

    #[test]
    fn one_call_alone_never_shuts_the_target() {
        let mut account = AccountTrouble::default();
        for id in 0..100 {
            account.outcome(id, of(7, Trouble::Unreachable), NOW, SOON);
        }
        assert_eq!(account.state(), None);
    }

    #[test]
    fn one_call_that_never_reaches_the_vendor_shuts_the_target() {
        let mut account = AccountTrouble::default();
        let outcome = Troubled {
            reached: false,
            ..of(7, Trouble::Unreachable)
        };
        for id in 0..2 {
            account.outcome(id, outcome, NOW, SOON);
            assert_eq!(account.state(), None);
        }
        account.outcome(2, outcome, NOW, SOON);
        assert!(account.state().is_some());
    }

    #[test]
    fn an_answer_or_another_kind_begins_a_new_row() {
        let mut account = AccountTrouble::default();
        for call in 1..=10 {
            let kinds = [Trouble::Unreachable, Trouble::SignInRefused];
            let kind = kinds[usize::from(call % 4 >= 2)];
            account.outcome(call, of(call, kind), NOW, SOON);
            assert_eq!(account.state(), None);
        }
        for call in 11..=20 {
            account.outcome(call, of(call, Trouble::Unreachable), NOW, SOON);
            if call % 2 == 0 {
                account.answered();
            }
            assert_eq!(account.state(), None);
        }
    }

    #[test]
    fn pauses_between_probes_grow_to_a_minute() {
        let mut account = shut();
        let mut now = NOW;
        let mut pauses = Vec::new();
        for id in 10..40 {
            let next = account.state().unwrap().next_probe.unwrap();
            pauses.push(next.saturating_since(now).as_millis());
            now = next;
            account.started(id);
            assert_eq!(account.state().unwrap().next_probe, None);
            account.outcome(id, of(id, Trouble::Unreachable), now, LATE);
        }
        assert!(
            pauses.is_sorted_by(|one, other| *one <= 2 * other),
            "{pauses:?}"
        );
        assert!(pauses.iter().all(|pause| *pause <= 60_000), "{pauses:?}");
        assert!(pauses.last() >= Some(&30_000), "{pauses:?}");
    }

    #[test]
    fn a_probe_without_an_answer_makes_way_for_the_next() {
        let mut account = shut();
        account.started(10);
        account.says_nothing(10, Time::from_millis(5_000), MaxProbePause::default());
        let next = account.state().unwrap().next_probe.unwrap();
        assert!(next > Time::from_millis(5_000), "{next:?}");
    }

    #[test]
    fn who_is_not_signed_in_may_be_throttled_and_who_is_not_reached_may_not() {
        let mut account = shut();
        account.started(10);
        assert!(account.throttled(10, NOW, MaxProbePause::default()));
        let mut account = AccountTrouble::default();
        for call in 1..=3 {
            account.outcome(call, of(call, Trouble::SignInRefused), NOW, SOON);
        }
        account.started(10);
        assert!(!account.throttled(10, NOW, MaxProbePause::default()));
        assert_eq!(account.state().unwrap().kind, Trouble::SignInRefused);
    }
}
