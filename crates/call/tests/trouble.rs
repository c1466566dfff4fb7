//! How the gate, the end of permits and the next action work together in bad times: a host of a few lines, a vendor that is
//! told when to fail, and a virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rampmeter_call::job::Polling;
use rampmeter_call::{
    Answer, CallRules, EndedRequest, NextAction, OnUnknown, Outcome, PermitEnd, Repeatable, Retry,
    Throttle,
};
use rampmeter_dispatch::{CallId, Decision, Gate, Limit, PermitId, Priority, Rules, Time, Waiting};

const HIGH: Waiting = Waiting::NONE.with(Priority::High);
const LATENCY: Duration = Duration::from_millis(50);

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000)
}

/// The state of a call that has not ended.
#[derive(Clone, Copy, Debug)]
struct Call {
    attempts: u32,
    refusals: u32,
    turn: u64,
}

/// What happens at a moment.
#[derive(Clone, Copy, Debug)]
enum Event {
    Answered(PermitId, CallId),
    Ready(CallId),
}

/// A host: one lane, oldest turn first.
struct Host<V: Fn(Time, CallId) -> Outcome> {
    gate: Gate,
    vendor: V,
    now: Time,
    calls: BTreeMap<CallId, Call>,
    lane: BTreeSet<(u64, CallId)>,
    turns: u64,
    agenda: BTreeMap<(Time, u64), Event>,
    foreseen: u64,
    permits: PermitId,
    /// The calls that were done, in order, and when.
    done: Vec<(CallId, Time)>,
    /// The calls that failed, with the name of the error.
    failed: BTreeMap<CallId, String>,
}

impl<V: Fn(Time, CallId) -> Outcome> Host<V> {
    /// A host with this many waiting calls.
    fn new(calls: CallId, vendor: V) -> Host<V> {
        let limits = vec![
            Limit::concurrency("account", 10),
            Limit::window("minute", 6_000, Duration::from_secs(60)),
        ];
        let rules = Rules {
            limits,
            ..Rules::default()
        };
        let mut host = Host {
            gate: Gate::new(rules, at(0)),
            vendor,
            now: at(0),
            calls: BTreeMap::new(),
            lane: BTreeSet::new(),
            turns: 0,
            agenda: BTreeMap::new(),
            foreseen: 0,
            permits: 0,
            done: Vec::new(),
            failed: BTreeMap::new(),
        };
        (0..calls).for_each(|call| host.arrive(call));
        host
    }

    fn arrive(&mut self, call: CallId) {
        self.turns += 1;
        let fresh = Call {
            attempts: 0,
            refusals: 0,
            turn: self.turns,
        };
        self.calls.insert(call, fresh);
        self.lane.insert((self.turns, call));
    }

    /// Works until this moment, or until every call has ended.
    fn work_until(&mut self, end: Time) {
        while !self.calls.is_empty() {
            let wake = self.start();
            let event = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let next = [wake, event].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                break;
            };
            self.now = next;
            while let Some(entry) = self.agenda.first_entry()
                && entry.key().0 <= next
            {
                let event = entry.remove();
                self.happen(event);
            }
            self.gate.release_holds(next);
        }
    }

    /// Starts what may start. Returns when time alone may let another call start.
    fn start(&mut self) -> Option<Time> {
        loop {
            let waiting = if self.lane.is_empty() {
                Waiting::NONE
            } else {
                HIGH
            };
            match self.gate.decide(waiting, self.now) {
                Decision::Start(_) => {}
                Decision::NotBefore(at) => return at,
                Decision::Idle => return None,
            }
            let (_, call) = self.lane.pop_first().expect("one waits");
            self.permits += 1;
            self.gate
                .start(self.permits, Priority::High, waiting, self.now);
            self.foresee(LATENCY, Event::Answered(self.permits, call));
        }
    }

    fn foresee(&mut self, after: Duration, event: Event) {
        self.foreseen += 1;
        let at = self.now.saturating_add(after);
        self.agenda.insert((at, self.foreseen), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ready(call) => {
                self.lane.insert((self.calls[&call].turn, call));
            }
            Event::Answered(permit, call) => self.answered(permit, call),
        }
    }

    fn answered(&mut self, permit: PermitId, id: CallId) {
        let outcome = (self.vendor)(self.now, id);
        let call = self.calls[&id];
        let request = EndedRequest {
            permit,
            call: id,
            refusals: call.refusals,
            held_until: self.now.saturating_add(Duration::from_secs(10)),
            now: self.now,
            jitter: permit.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15),
        };
        let reply = PermitEnd::of(&outcome).settle(&mut self.gate, &request);
        let rules = CallRules {
            retry: Retry::USUAL,
            on_unknown: OnUnknown::Retry,
            polling: Polling::USUAL,
            attempts: call.attempts,
            refusals: call.refusals,
            random: request.jitter,
        };
        match rules.after(outcome, reply.judgement) {
            NextAction::Done(_) => {
                self.calls.remove(&id);
                self.done.push((id, self.now));
            }
            NextAction::Failed(failed) => {
                self.calls.remove(&id);
                self.failed.insert(id, failed.error);
            }
            NextAction::Again {
                after,
                attempts,
                refusals,
                set_back,
                unknown: _,
            } => {
                let mut turn = call.turn;
                if set_back {
                    self.turns += 1;
                    turn = self.turns;
                }
                let call = Call {
                    attempts,
                    refusals,
                    turn,
                };
                self.calls.insert(id, call);
                self.foresee(after, Event::Ready(id));
            }
        }
    }
}

fn answer(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

fn good() -> Outcome {
    Outcome::Success(answer(200))
}

fn not_connected() -> Outcome {
    Outcome::Repeatable {
        reason: Repeatable::ConnectFailed("connection refused".to_owned()),
        answer: None,
        vendor_code: None,
    }
}

fn unauthorized() -> Outcome {
    Outcome::Final {
        answer: answer(401),
        vendor_code: None,
    }
}

fn overloaded(retry_after: Option<u64>) -> Outcome {
    Outcome::Throttled {
        kind: Throttle::Window,
        retry_after: retry_after.map(Duration::from_secs),
        for_all: false,
        answer: answer(503),
        vendor_code: None,
    }
}

/// All calls are done, none failed, and each is at most so many places from where it would be in order of arrival.
fn all_done(host: &Host<impl Fn(Time, CallId) -> Outcome>, calls: usize, most_late: i64) {
    assert_eq!(host.failed, BTreeMap::new());
    assert_eq!(host.done.len(), calls);
    for (place, (call, _)) in (0_i64..).zip(&host.done) {
        assert!(
            (place - call).abs() <= most_late,
            "call {call} was done as number {place}"
        );
    }
}

#[test]
fn an_outage_of_an_hour_with_40_000_calls_waiting_loses_nothing_and_fails_none() {
    let back = at(3_600);
    // A probe that was answered goes behind its lane: about 100 of them in an hour.
    for (outage, most_late) in [
        (not_connected as fn() -> Outcome, 10),
        (|| overloaded(None), 40_000),
        (unauthorized, 40_000),
    ] {
        let vendor = move |now, _| if now < back { outage() } else { good() };
        let mut host = Host::new(40_000, vendor);
        host.work_until(back);
        assert_eq!(host.done.len(), 0);
        assert!(host.gate.trouble().is_some());
        let probes = host.permits;
        assert!(probes < 150, "{probes} requests in an outage of an hour");
        host.work_until(at(7_200));
        all_done(&host, 40_000, most_late);
        let (_, first) = host.done[0];
        assert!(
            first <= back.saturating_add(Duration::from_secs(61)),
            "{first:?}"
        );
        let used_up = host.calls.values().any(|call| call.attempts > 0);
        assert!(!used_up);
    }
}

#[test]
fn a_vendor_that_comes_and_goes_fails_no_call() {
    for period in [1, 5, 7, 20] {
        for outage in [not_connected, unauthorized] {
            let vendor = move |now: Time, _| {
                let up = now.as_millis() / 1_000 % (2 * period) < period;
                if up { good() } else { outage() }
            };
            let mut host = Host::new(3_000, vendor);
            host.work_until(at(7_200));
            assert_eq!(host.failed, BTreeMap::new(), "{period} s");
            assert_eq!(host.done.len(), 3_000, "{period} s");
        }
    }
}

#[test]
fn calls_that_are_always_refused_end_by_themselves_and_the_others_go_on() {
    // They are at the head of the lane, and more than it takes to close the target.
    let is_bad = |call: CallId| call < 5;
    for (refusal, error) in [
        (
            (|| overloaded(None)) as fn() -> Outcome,
            "Rampmeter.Throttled",
        ),
        (|| overloaded(Some(30)), "Rampmeter.Throttled"),
        (unauthorized, "Http.StatusCode.401"),
    ] {
        let vendor = move |_, call| if is_bad(call) { refusal() } else { good() };
        let mut host = Host::new(40, vendor);
        // Those that ask for a pause of half a minute get it, each once.
        host.work_until(at(200));
        let others = host.done.iter().filter(|(call, _)| !is_bad(*call)).count();
        assert_eq!(others, 35, "{error}");
        // Later calls come while the bad ones are repeated.
        for call in 100..110 {
            host.arrive(call);
            let end = host.now.saturating_add(Duration::from_secs(130));
            host.work_until(end);
        }
        assert_eq!(host.done.len(), 45);
        // Good answers must come in between, or nothing tells a bad call from a bad day.
        for call in 1_000.. {
            host.arrive(call);
            let end = host.now.saturating_add(Duration::from_secs(5));
            host.work_until(end);
            if host.failed.len() == 5 {
                break;
            }
            assert!(call < 5_000, "{:?} have not ended", host.calls);
        }
        assert!(
            host.failed
                .iter()
                .all(|(call, name)| is_bad(*call) && name == error)
        );
    }
}

#[test]
fn a_lone_call_waits_for_its_vendor_for_as_long_as_that_takes() {
    let back = at(86_400);
    let vendor = move |now, _| if now < back { not_connected() } else { good() };
    let mut host = Host::new(1, vendor);
    host.work_until(back);
    assert!(host.gate.trouble().is_some());
    host.work_until(at(90_000));
    all_done(&host, 1, 0);
}
