//! Ceilings and closures, one situation each.

use super::*;

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000)
}

/// Jitter that makes a pause as long as it can be: half a pause of at most five minutes is a
/// divisor of it.
fn longest(pause: Duration) -> u64 {
    u64::try_from((pause / 2).as_micros()).unwrap()
}

fn shut_for(pause: Duration, before: Option<&Closure>, now: Time) -> Closure {
    let closure = Closure::after(before, None, now, longest(pause));
    assert_eq!(closure.until(), now.saturating_add(pause));
    closure
}

#[test]
fn a_ceiling_regains_one_call_after_each_quiet_interval() {
    let ceiling = Ceiling::below(5, at(0));
    assert_eq!(
        [at(0), at(29), at(30), at(61)].map(|now| ceiling.at(now)),
        [4, 4, 5, 6]
    );
    assert_eq!(ceiling.rises_at(at(0)), at(30));
    assert_eq!(ceiling.rises_at(at(30)), at(60));
}

#[test]
fn a_ceiling_never_falls_below_one_call_and_never_overflows() {
    assert_eq!(Ceiling::below(1, at(0)).at(at(0)), 1);
    assert_eq!(Ceiling::below(0, at(0)).at(at(0)), 1);
    assert_eq!(
        Ceiling::below(u32::MAX, Time::from_micros(i64::MIN)).at(Time::MAX),
        u32::MAX
    );
    assert_eq!(Ceiling::below(1, at(0)).rises_at(Time::MAX), Time::MAX);
}

#[test]
fn the_stated_time_is_kept_to_the_microsecond() {
    let closure = Closure::after(None, Some(Duration::from_secs(7)), at(3), 99);
    assert_eq!(
        closure.opening(Time::from_micros(9_999_999)),
        Opening::ClosedUntil(at(10))
    );
    assert_eq!(closure.opening(at(10)), Opening::Open);
}

#[test]
fn a_stated_time_of_zero_is_no_time() {
    let closure = Closure::after(None, Some(Duration::ZERO), at(0), 0);
    assert_eq!(closure.until(), Time::from_millis(500));
}

#[test]
fn a_stated_time_beyond_all_time_closes_for_ever_and_does_not_wrap() {
    let closure = Closure::after(None, Some(Duration::MAX), at(0), 0);
    assert_eq!(closure.until(), Time::MAX);
}

#[test]
fn pauses_double_up_to_the_longest_and_start_again_after_a_quiet_interval() {
    let mut closure = shut_for(FIRST_PAUSE, None, at(0));
    for pause in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        closure = shut_for(Duration::from_secs(pause), Some(&closure), closure.until());
    }
    let quiet = closure.until().saturating_add(QUIET_INTERVAL);
    shut_for(FIRST_PAUSE, Some(&closure), quiet);
}

#[test]
fn jitter_keeps_a_pause_between_half_and_all_of_it() {
    for jitter in [0, 1, 499_999, 500_000, 500_001, u64::MAX] {
        let until = Closure::after(None, None, at(0), jitter).until();
        assert!(
            Time::from_millis(500) <= until && until <= at(1),
            "{jitter}: {until:?}"
        );
    }
}

#[test]
fn throttles_of_calls_sent_before_the_closure_lengthen_it_only_if_they_state_a_later_time() {
    let first = shut_for(FIRST_PAUSE, None, at(0));
    let again = Closure::after(Some(&first), None, Time::from_millis(10), 0);
    assert_eq!(again, first);
    let stated = Closure::after(Some(&first), Some(Duration::from_secs(60)), at(0), 0);
    assert_eq!(stated.until(), at(60));
    let shorter = Closure::after(Some(&stated), Some(Duration::from_secs(5)), at(1), 0);
    assert_eq!(shorter.until(), at(60));
}

#[test]
fn a_trickle_widens_with_each_answer_until_it_is_over() {
    let mut closure = Closure::after(None, Some(Duration::from_secs(1)), at(0), 0);
    let mut id = 0;
    for width in 1..TRICKLE_ENDS_AT {
        while closure.opening(at(1)) == Opening::Open {
            id += 1;
            closure.started(id);
        }
        assert_eq!(closure.opening(at(1)), Opening::Full { width });
        closure.answered(id);
    }
    for id in 100..200 {
        assert_eq!(closure.opening(at(1)), Opening::Open);
        closure.started(id);
    }
}

#[test]
fn answers_to_calls_sent_before_the_closure_do_not_widen_the_trickle() {
    let mut closure = Closure::after(None, Some(Duration::from_secs(1)), at(0), 0);
    (1..50).for_each(|id| closure.answered(id));
    closure.started(50);
    assert_eq!(closure.opening(at(1)), Opening::Full { width: 1 });
}

#[test]
fn a_call_without_an_answer_makes_room_for_the_next_one_but_widens_nothing() {
    let mut closure = Closure::after(None, Some(Duration::from_secs(1)), at(0), 0);
    closure.started(1);
    closure.held(1);
    assert_eq!(closure.opening(at(1)), Opening::Open);
    closure.started(2);
    assert_eq!(closure.opening(at(1)), Opening::Full { width: 1 });
}

#[test]
fn a_concurrency_throttle_does_not_widen_the_trickle_and_cannot_stop_it() {
    let mut closure = Closure::after(None, Some(Duration::from_secs(1)), at(0), 0);
    for id in 1..10 {
        closure.started(id);
        closure.answered(id);
    }
    let width = closure.width;
    closure.started(10);
    closure.narrow();
    closure.answered(10);
    assert_eq!(closure.width, width);
    (0..50).for_each(|_| closure.narrow());
    assert_eq!(closure.opening(at(1)), Opening::Open);
}
