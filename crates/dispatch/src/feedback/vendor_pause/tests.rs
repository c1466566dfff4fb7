//! Pauses that a vendor asked for, one situation each.

use super::*;

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000)
}

/// Jitter that makes a pause as long as it can be: half a pause of at most five minutes is a
/// divisor of it.
fn longest(pause: Duration) -> u64 {
    u64::try_from((pause / 2).as_micros()).unwrap()
}

fn shut_for(pause: Duration, before: Option<&VendorPause>, now: Time) -> VendorPause {
    let paused = VendorPause::after(before, None, now, longest(pause));
    assert_eq!(paused.until(), now.saturating_add(pause));
    paused
}

#[test]
fn the_stated_time_is_kept_to_the_microsecond() {
    let paused = VendorPause::after(None, Some(Duration::from_secs(7)), at(3), 99);
    assert_eq!(
        paused.opening(Time::from_micros(9_999_999)),
        Opening::ClosedUntil(at(10))
    );
    assert_eq!(paused.opening(at(10)), Opening::Open);
}

#[test]
fn a_stated_time_of_zero_is_no_time() {
    let paused = VendorPause::after(None, Some(Duration::ZERO), at(0), 0);
    assert_eq!(paused.until(), Time::from_millis(500));
}

#[test]
fn a_stated_time_beyond_all_time_closes_for_ever_and_does_not_wrap() {
    let paused = VendorPause::after(None, Some(Duration::MAX), at(0), 0);
    assert_eq!(paused.until(), Time::MAX);
}

#[test]
fn pauses_double_up_to_the_longest_and_start_again_after_a_quiet_interval() {
    let mut paused = shut_for(FIRST_PAUSE, None, at(0));
    for pause in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        paused = shut_for(Duration::from_secs(pause), Some(&paused), paused.until());
    }
    let quiet = paused.until().saturating_add(QUIET_INTERVAL);
    shut_for(FIRST_PAUSE, Some(&paused), quiet);
}

#[test]
fn jitter_keeps_a_pause_between_half_and_all_of_it() {
    for jitter in [0, 1, 499_999, 500_000, 500_001, u64::MAX] {
        let until = VendorPause::after(None, None, at(0), jitter).until();
        assert!(
            Time::from_millis(500) <= until && until <= at(1),
            "{jitter}: {until:?}"
        );
    }
}

#[test]
fn throttles_of_calls_sent_before_the_pause_lengthen_it_only_if_they_state_a_later_time() {
    let first = shut_for(FIRST_PAUSE, None, at(0));
    let again = VendorPause::after(Some(&first), None, Time::from_millis(10), 0);
    assert_eq!(again, first);
    let stated = VendorPause::after(Some(&first), Some(Duration::from_secs(60)), at(0), 0);
    assert_eq!(stated.until(), at(60));
    let shorter = VendorPause::after(Some(&stated), Some(Duration::from_secs(5)), at(1), 0);
    assert_eq!(shorter.until(), at(60));
}

#[test]
fn a_ramp_widens_with_each_answer_until_it_is_over() {
    let mut paused = VendorPause::after(None, Some(Duration::from_secs(1)), at(0), 0);
    let mut id = 0;
    for width in 1..RAMP_ENDS_AT {
        while paused.opening(at(1)) == Opening::Open {
            id += 1;
            paused.started(id);
        }
        assert_eq!(paused.opening(at(1)), Opening::Full { width });
        paused.answered(id);
    }
    for id in 100..200 {
        assert_eq!(paused.opening(at(1)), Opening::Open);
        paused.started(id);
    }
}

#[test]
fn answers_to_calls_sent_before_the_pause_do_not_widen_the_ramp() {
    let mut paused = VendorPause::after(None, Some(Duration::from_secs(1)), at(0), 0);
    (1..50).for_each(|id| paused.answered(id));
    paused.started(50);
    assert_eq!(paused.opening(at(1)), Opening::Full { width: 1 });
}

#[test]
fn a_call_without_an_answer_makes_room_for_the_next_one_but_widens_nothing() {
    let mut paused = VendorPause::after(None, Some(Duration::from_secs(1)), at(0), 0);
    paused.started(1);
    paused.held(1);
    assert_eq!(paused.opening(at(1)), Opening::Open);
    paused.started(2);
    assert_eq!(paused.opening(at(1)), Opening::Full { width: 1 });
}

#[test]
fn a_concurrency_throttle_does_not_widen_the_ramp_and_cannot_stop_it() {
    let mut paused = VendorPause::after(None, Some(Duration::from_secs(1)), at(0), 0);
    for id in 1..10 {
        paused.started(id);
        paused.answered(id);
    }
    let width = paused.width;
    paused.started(10);
    paused.narrow();
    paused.answered(10);
    assert_eq!(paused.width, width);
    (0..50).for_each(|_| paused.narrow());
    assert_eq!(paused.opening(at(1)), Opening::Open);
}
