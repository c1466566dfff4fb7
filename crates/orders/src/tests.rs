//! Orders: read as they were written, never above the configuration, and what a gate makes of them.

use std::time::Duration;

use rampmeter_dispatch::{Decision, Reserve, Time, Waiting};

use super::*;

const NOW: Time = Time::from_millis(1_795_000_000_000);

fn configured() -> Rules {
    let mut account = Limit::concurrency("account", 12);
    account.reserve = Reserve {
        high: 2,
        ..Reserve::default()
    };
    Rules {
        limits: vec![
            account,
            Limit::window("minute", 600, Duration::from_secs(60)),
        ],
        ..Rules::default()
    }
}

fn given() -> Given {
    Given::new(1_795_000_000_000, "anna", "finance close")
}

#[test]
fn orders_are_read_as_they_were_written_and_none_are_no_text() {
    let mut orders = Orders::default();
    assert_eq!(orders.to_text(), None);
    orders.pause(None, given());
    orders.pause(Some(Priority::Batch), given());
    orders.lower(&configured(), "account", 4, given()).unwrap();
    let text = orders.to_text().unwrap();
    assert_eq!(Orders::read(&text).unwrap(), orders);
    assert!(text.len() < 400, "{text}");
    assert!(orders.resume(None) && orders.resume(Some(Priority::Batch)) && orders.reset("account"));
    assert_eq!(orders.to_text(), None);
    for text in ["", "[1]", "{\"pauses\": 1}", "{\"stop\": true}"] {
        assert!(Orders::read(text).is_err(), "{text}");
    }
}

#[test]
fn a_limit_is_only_lowered_and_never_so_far_that_a_reserve_has_no_room() {
    let mut orders = Orders::default();
    let mut lower = |name: &str, max| orders.lower(&configured(), name, max, given());
    assert!(matches!(
        lower("account", 13),
        Err(Refused::Higher { configured: 12, .. })
    ));
    assert!(matches!(lower("account", 0), Err(Refused::TooLow { .. })));
    assert!(matches!(lower("account", 1), Err(Refused::TooLow { .. })));
    assert!(matches!(lower("hour", 1), Err(Refused::NoLimit(_))));
    assert_eq!(lower("minute", 60), Ok(()));
    let max = |rules: &Rules| rules.limits.iter().map(Limit::max).collect::<Vec<u64>>();
    assert_eq!(max(&orders.rules(&configured())), [12, 60]);
    // A configured limit that is lower by now, or no longer exists, is not raised.
    let mut lower = configured();
    lower.limits[1] = Limit::window("minute", 30, Duration::from_secs(60));
    assert_eq!(max(&orders.rules(&lower)), [12, 30]);
    lower.limits.pop();
    assert_eq!(max(&orders.rules(&lower)), [12]);
}

#[test]
fn a_gate_holds_to_the_pauses_that_are_ordered_and_goes_on_when_they_are_not() {
    let mut gate = Gate::new(configured(), NOW);
    let mut orders = Orders::default();
    orders.pause(Some(Priority::High), given());
    orders.hold(&mut gate);
    let waiting = Waiting::NONE.with(Priority::High).with(Priority::Batch);
    assert_eq!(gate.decide(waiting, NOW), Decision::Start(Priority::Batch));
    assert_eq!(
        orders.pause_of(Priority::High).unwrap().given.reason,
        "finance close"
    );
    orders.pause(None, given());
    orders.hold(&mut gate);
    assert_eq!(gate.decide(waiting, NOW), Decision::NotBefore(None));
    orders.resume(None);
    orders.resume(Some(Priority::High));
    orders.hold(&mut gate);
    assert_eq!(gate.decide(waiting, NOW), Decision::Start(Priority::High));
    assert_eq!(orders.pause_of(Priority::High), None);
}

#[test]
fn a_long_reason_is_cut_for_the_item_is_written_with_every_start() {
    let given = Given::new(0, "anna", &"ä".repeat(500));
    assert_eq!(given.reason.chars().count(), MAX_CHARS);
}
