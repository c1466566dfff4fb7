//! How each outcome ends its permit, and what the gate makes of it.

use rampmeter_dispatch::{Decision, Limit, Priority, Rules, Waiting};
use serde_json::Value;

use super::*;
use crate::answer::Answer;

const HIGH: Waiting = Waiting::NONE.with(Priority::High);

fn answer(status: u16) -> Answer {
    Answer {
        status,
        status_text: String::new(),
        headers: Vec::new(),
        body: Value::Null,
        ..Answer::default()
    }
}

fn final_no(status: u16) -> Outcome {
    Outcome::Final {
        answer: answer(status),
        vendor_code: None,
    }
}

fn server_error(status: u16) -> Outcome {
    Outcome::Repeatable {
        reason: Repeatable::ServerError,
        answer: Some(answer(status)),
        vendor_code: None,
    }
}

fn throttled(kind: Kind, retry_after: Option<Duration>, status: u16) -> Outcome {
    Outcome::Throttled {
        kind,
        retry_after,
        for_all: false,
        answer: answer(status),
        vendor_code: None,
    }
}

fn not_connected() -> Outcome {
    Outcome::Repeatable {
        reason: Repeatable::ConnectFailed("refused".to_owned()),
        answer: None,
        vendor_code: None,
    }
}

/// A gate with one call of each number out.
fn gate(calls: std::ops::RangeInclusive<PermitId>) -> Gate {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 9)],
        ..Rules::default()
    };
    let mut gate = Gate::new(rules, Time::from_millis(0));
    for id in calls {
        gate.start(id, Priority::High, HIGH, Time::from_millis(0));
    }
    gate
}

fn settle(gate: &mut Gate, id: PermitId, outcome: &Outcome) -> GateReply {
    let request = EndedRequest {
        permit: id,
        call: id,
        refusals: 0,
        held_until: Time::from_millis(60_000),
        now: Time::from_millis(5),
        jitter: 0,
    };
    PermitEnd::of(outcome).settle(gate, &request)
}

#[test]
fn only_a_lost_answer_holds_its_places() {
    let lost = |gateway| Outcome::Unknown {
        reason: "lost".to_owned(),
        gateway,
    };
    assert_eq!(PermitEnd::of(&lost(None)), PermitEnd::Held);
    assert!(PermitEnd::of(&lost(Some(502))).keeps_its_slots());
    let unresolved = Outcome::Unresolved {
        reason: "the question was not answered".to_owned(),
    };
    for outcome in [Outcome::Success(answer(200)), unresolved, server_error(500)] {
        assert_eq!(PermitEnd::of(&outcome), PermitEnd::Free, "{outcome:?}");
    }
}

#[test]
fn a_refusal_tells_the_gate_which_sort_of_limit_refused_and_for_how_long() {
    let retry_after = Some(Duration::from_secs(7));
    for (kind, throttle) in [
        (Kind::Window, Throttle::Window { retry_after }),
        (Kind::Concurrency, Throttle::Concurrency { retry_after }),
    ] {
        let expected = PermitEnd::Throttled {
            throttle,
            for_all: false,
            overload: false,
        };
        let outcome = throttled(kind, retry_after, 503);
        assert_eq!(PermitEnd::of(&outcome), expected);
    }
}

#[test]
fn three_calls_that_could_not_connect_close_the_target_and_burn_no_place() {
    let mut gate = gate(1..=3);
    for id in 1..=3 {
        let reply = settle(&mut gate, id, &not_connected());
        assert_eq!(reply.judgement.whose, Whose::Account);
        assert_eq!(reply.judgement.closed_for.is_some(), id == 3);
        assert_eq!(reply.learned, id == 3);
    }
    assert_eq!(gate.in_flight(), 0);
    let trouble = gate.trouble().expect("the target is shut");
    assert_eq!(trouble.kind, Trouble::Unreachable);
}

#[test]
fn calls_refused_for_their_credentials_close_the_target_and_the_first_good_answer_opens_it() {
    let mut gate = gate(1..=4);
    let whose = |reply: GateReply| reply.judgement.whose;
    assert_eq!(whose(settle(&mut gate, 1, &final_no(401))), Whose::Call);
    assert_eq!(whose(settle(&mut gate, 2, &final_no(401))), Whose::Call);
    assert_eq!(whose(settle(&mut gate, 3, &final_no(401))), Whose::Account);
    let trouble = gate.trouble().expect("the target is shut");
    assert_eq!(trouble.kind, Trouble::SignInRefused);
    let reply = settle(&mut gate, 4, &Outcome::Success(answer(200)));
    assert!(reply.learned && gate.trouble().is_none());
}

#[test]
fn overloads_of_different_calls_are_an_outage() {
    for outcome in [
        throttled(Kind::Window, None, 503),
        server_error(503),
        Outcome::Unknown {
            reason: "a gateway".to_owned(),
            gateway: Some(502),
        },
    ] {
        let mut gate = gate(1..=3);
        (1..=3).for_each(|id| drop(settle(&mut gate, id, &outcome)));
        let trouble = gate.trouble().expect("the target is shut");
        assert_eq!(trouble.kind, Trouble::Unreachable, "{outcome:?}");
    }
}

#[test]
fn a_call_that_could_not_be_built_says_nothing_of_a_vendor_that_is_away() {
    let mut gate = gate(1..=3);
    (1..=3).for_each(|id| drop(settle(&mut gate, id, &not_connected())));
    let probe_at = gate.trouble().and_then(|trouble| trouble.next_probe);
    let probe_at = probe_at.expect("no probe is out");
    gate.start(4, Priority::High, HIGH, probe_at);
    let invalid = Outcome::Invalid {
        reason: "no such header".to_owned(),
    };
    settle(&mut gate, 4, &invalid);
    assert!(gate.trouble().is_some());
    assert_eq!(
        gate.decide(HIGH, probe_at),
        Decision::Start(Priority::High),
        "another probe leaves at once"
    );
}

#[test]
fn a_lost_fetch_keeps_its_places_and_a_gateway_that_answers_it_may_be_the_accounts_trouble() {
    let lost = |gateway| Outcome::Repeatable {
        reason: Repeatable::FetchLost {
            reason: "lost".to_owned(),
            gateway,
        },
        answer: None,
        vendor_code: None,
    };
    assert_eq!(PermitEnd::of(&lost(None)), PermitEnd::Held);
    let troubled = PermitEnd::Troubled {
        kind: Trouble::Unreachable,
        reach: Reach::Lost,
    };
    assert_eq!(PermitEnd::of(&lost(Some(504))), troubled);
}
