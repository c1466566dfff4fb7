//! What can happen to a gate, and how often.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rampmeter_dispatch::{
    AppliesTo, By, Calendar, CallTraits, Charges, Cost, CountFrom, Counts, DeferralBound, Limit,
    LimitKind, MaxDeferrals, Pace, PlannedPause, Priority, Reserve, ResetDay, Rules, Scope, Share,
    Tariff, Throttle, Trouble,
};

/// One thing that happens. A `pick` chooses among the open calls, whatever their number.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Calls arrive in a queue.
    Arrive {
        priority: Priority,
        calls: u8,
        like: Like,
    },
    /// The calls of a queue are deleted.
    Withdraw {
        priority: Priority,
    },
    /// Calls start until the gate refuses or `most` have; the vendor counts them at this part of
    /// their time, in 255ths.
    Start {
        most: u8,
        counted_at: u8,
    },
    /// A call is answered well.
    Answer {
        pick: u16,
    },
    /// A call is throttled, and the host says which call it is.
    Refuse {
        pick: u16,
        throttle: Throttle,
        earlier: u32,
        for_all: bool,
        overload: bool,
        jitter: u64,
    },
    /// Calls end with the account's trouble, having reached the vendor or not.
    Trouble {
        picks: Vec<u16>,
        kind: Trouble,
        reached: bool,
        jitter: u64,
    },
    /// A call's answer is lost.
    Lose {
        pick: u16,
        hold: Duration,
    },
    /// An answer of some call says that nothing is left for this time.
    UsedUp {
        resets_in: Duration,
    },
    /// Ended holds are released.
    Release,
    /// Time passes.
    Pass {
        time: Duration,
    },
    /// Time passes until the gate asks to be asked again.
    PassToNextChange,
    /// The host's clock goes back.
    ClockBack {
        time: Duration,
    },
    Pause(Scope),
    Resume(Scope),
    /// A person forgets what throttles taught.
    Forget,
    /// The process dies; what was persisted comes back, in-flight calls are held for this time.
    Restart {
        remembers: bool,
        hold: Duration,
    },
}

/// What a call is like, for a tariff.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Like {
    route: u8,
    tenant: u8,
    cost: u8,
}

impl Like {
    /// What these tariffs charge such a call.
    pub(crate) fn charges(self, tariffs: &[Tariff]) -> Charges {
        let message = serde_json::json!({ "tenant": self.tenant, "Cost": self.cost });
        let traits = CallTraits {
            endpoint: None,
            method: "POST",
            path: ["/orders", "/items"][usize::from(self.route)],
            group: None,
            message: &message,
        };
        Charges::of(tariffs, &traits)
    }
}

/// How many kinds of command there are; see [`Command::kind`].
pub(crate) const KINDS: usize = 16;

impl Command {
    /// Numbers the kinds, to see that each has happened.
    pub(crate) fn kind(&self) -> usize {
        match self {
            Command::Arrive { .. } => 0,
            Command::Withdraw { .. } => 1,
            Command::Start { .. } => 2,
            Command::Answer { .. } => 3,
            Command::Lose { .. } => 4,
            Command::Release => 5,
            Command::Pass { .. } => 6,
            Command::PassToNextChange => 7,
            Command::ClockBack { .. } => 8,
            Command::Pause(_) => 9,
            Command::Resume(_) => 10,
            Command::Forget => 11,
            Command::Restart { .. } => 12,
            Command::UsedUp { .. } => 13,
            Command::Refuse { .. } => 14,
            Command::Trouble { .. } => 15,
        }
    }
}

fn priority() -> impl Strategy<Value = Priority> {
    proptest::sample::select(&Priority::ALL[..])
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::Target), priority().prop_map(Scope::Lane)]
}

/// Times from a microsecond to a day, each order of magnitude as likely, and exact lengths
/// of windows.
fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1_u64..1_000).prop_map(Duration::from_micros),
        (1_u64..1_000).prop_map(Duration::from_millis),
        proptest::sample::select(&LENGTHS[..]).prop_map(Duration::from_millis),
        (1_u64..30).prop_map(Duration::from_secs),
        (1_u64..30).prop_map(|hours| Duration::from_secs(hours * 60 * 60)),
    ]
}

const LENGTHS: [u64; 4] = [100, 250, 1_000, 3_000];

/// When the vendor counts: often at once or with the answer, else anywhere between.
fn counted_at() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0), Just(255), any::<u8>()]
}

fn throttle() -> impl Strategy<Value = Throttle> {
    let stated = option::of((0_u64..10_000).prop_map(Duration::from_millis));
    prop_oneof![
        stated
            .clone()
            .prop_map(|retry_after| Throttle::Concurrency { retry_after }),
        stated.prop_map(|retry_after| Throttle::Window { retry_after }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let like = (0_u8..2, 0_u8..3, 1_u8..4);
    let like = like.prop_map(|(route, tenant, cost)| Like {
        route,
        tenant,
        cost,
    });
    let arrive = (priority(), 1_u8..6, like);
    let arrive = arrive.prop_map(|(priority, calls, like)| Command::Arrive {
        priority,
        calls,
        like,
    });
    let start = (1_u8..8, counted_at());
    let start = start.prop_map(|(most, counted_at)| Command::Start { most, counted_at });
    let restart = (any::<bool>(), time());
    let restart = restart.prop_map(|(remembers, hold)| Command::Restart { remembers, hold });
    let refuse = (
        any::<u16>(),
        throttle(),
        0_u32..2,
        any::<bool>(),
        any::<bool>(),
        any::<u64>(),
    );
    let refuse =
        refuse.prop_map(
            |(pick, throttle, earlier, for_all, overload, jitter)| Command::Refuse {
                pick,
                throttle,
                earlier,
                for_all,
                overload,
                jitter,
            },
        );
    let kind = proptest::sample::select(&[Trouble::Unreachable, Trouble::SignInRefused][..]);
    let trouble = (vec(any::<u16>(), 1..5), kind, any::<bool>(), any::<u64>());
    let trouble = trouble.prop_map(|(picks, kind, reached, jitter)| Command::Trouble {
        picks,
        kind,
        reached,
        jitter,
    });
    prop_oneof![
        16 => arrive,
        1 => priority().prop_map(|priority| Command::Withdraw { priority }),
        24 => start,
        24 => any::<u16>().prop_map(|pick| Command::Answer { pick }),
        2 => refuse,
        1 => trouble,
        4 => (any::<u16>(), time()).prop_map(|(pick, hold)| Command::Lose { pick, hold }),
        4 => Just(Command::Release),
        10 => time().prop_map(|time| Command::Pass { time }),
        16 => Just(Command::PassToNextChange),
        2 => time().prop_map(|time| Command::ClockBack { time }),
        1 => scope().prop_map(Command::Pause),
        3 => scope().prop_map(Command::Resume),
        1 => Just(Command::Forget),
        1 => restart,
        1 => time().prop_map(|resets_in| Command::UsedUp { resets_in }),
    ]
}

/// A run of this many commands.
pub(crate) fn commands(length: usize) -> impl Strategy<Value = Vec<Command>> {
    vec(command(), length)
}

fn reserve(max: u32) -> impl Strategy<Value = Reserve> {
    let reserve = (0..=max).prop_flat_map(move |high| (Just(high), 0..=max - high));
    let reserve = reserve.prop_map(|(high, medium)| Reserve {
        high,
        medium,
        batch: 0,
    });
    prop_oneof![Just(Reserve::default()), reserve]
}

/// A share of at least what is reserved, for any of the priorities.
fn share(max: u32, reserve: Reserve) -> impl Strategy<Value = Share> {
    let of = move |priority| option::of(reserve.of(priority).max(1)..=max);
    let share = (
        of(Priority::High),
        of(Priority::Medium),
        of(Priority::Batch),
    );
    let share = share.prop_map(|(high, medium, batch)| Share {
        high,
        medium,
        batch,
        ..Share::default()
    });
    prop_oneof![2 => Just(Share::default()), 1 => share]
}

/// A few calls a day; the first reset comes within two minutes of the beginning.
fn quota() -> impl Strategy<Value = (LimitKind, u32)> {
    (1_u32..7, 0_i8..60, 0_u64..2_000).prop_map(|(calls, second, margin)| {
        let reset = Calendar {
            zone: TimeZone::UTC,
            at: jiff::civil::time(22, 14, second, 0),
            on: ResetDay::Daily,
            margin: Duration::from_millis(margin),
        };
        (
            LimitKind::Calendar {
                calls: u64::from(calls),
                reset,
            },
            calls,
        )
    })
}

fn limit(name: &'static str) -> impl Strategy<Value = Limit> {
    let concurrency = (1_u32..7).prop_map(|max| (LimitKind::Concurrency { max }, max));
    let window = (1_u32..7, proptest::sample::select(&LENGTHS[..])).prop_map(|(calls, millis)| {
        let per = Duration::from_millis(millis);
        (
            LimitKind::Window {
                calls: u64::from(calls),
                per,
            },
            calls,
        )
    });
    let large = Just((
        LimitKind::Window {
            calls: 5_000,
            per: Duration::from_millis(500),
        },
        3,
    ));
    let kind = prop_oneof![4 => concurrency, 6 => window, 1 => large, 1 => quota()];
    let counts = prop_oneof![3 => Just(CountFrom::Answer), 1 => Just(CountFrom::Send)];
    kind.prop_flat_map(move |(kind, max)| (Just(kind), Just(max), reserve(max)))
        .prop_flat_map(move |(kind, max, reserve)| {
            (
                Just(kind),
                Just(reserve),
                share(max, reserve),
                counts.clone(),
            )
        })
        .prop_flat_map(|(kind, reserve, share, count_from)| {
            let tariff = tariff(max_of(&kind));
            (Just((kind, reserve, share, count_from)), tariff)
        })
        .prop_map(move |((kind, reserve, share, count_from), tariff)| Limit {
            pace: if tariff.is_plain() {
                pace_of(&kind)
            } else {
                Pace::Burst
            },
            tariff,
            counts: Counts::Requests,
            name: name.to_owned(),
            kind,
            reserve,
            share,
            count_from,
        })
}

fn max_of(kind: &LimitKind) -> u64 {
    match kind {
        LimitKind::Concurrency { max } => u64::from(*max),
        LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => *calls,
    }
}

/// Mostly none; else any mixture of a route, a cost and a key.
fn tariff(max: u64) -> impl Strategy<Value = Tariff> {
    let route = option::of(Just("/ord*".to_owned()));
    let most = u32::try_from(max.min(2)).expect("it is small");
    let fixed =
        (1..=most).prop_map(|places| Cost::Fixed(NonZeroU32::new(places).expect("it is not 0")));
    let cost = prop_oneof![2 => fixed, 1 => Just(Cost::Of("/Cost".to_owned()))];
    let by = option::of(Just(By::Member("/tenant".to_owned())));
    let tariff = (route, cost, by).prop_map(|(path, cost, by)| Tariff {
        applies_to: AppliesTo {
            path,
            ..AppliesTo::default()
        },
        cost,
        by,
    });
    prop_oneof![2 => Just(Tariff::default()), 1 => tariff]
}

/// Every other window is filled evenly.
fn pace_of(kind: &LimitKind) -> Pace {
    match kind {
        LimitKind::Window { calls, .. } if calls % 2 == 0 => Pace::Even,
        _ => Pace::Burst,
    }
}

fn bound() -> impl Strategy<Value = DeferralBound> {
    let few = (1_u32..7).prop_map(|most| DeferralBound::at_most(most).expect("it is not 0"));
    prop_oneof![6 => few, 1 => Just(DeferralBound::Unlimited)]
}

/// A pause of whole hours in UTC, on some days.
fn planned_pause() -> impl Strategy<Value = PlannedPause> {
    let hour = || (0_i8..24).prop_map(|hour| jiff::civil::time(hour, 0, 0, 0));
    let parts = (any::<[bool; 3]>(), any::<[bool; 7]>(), hour(), hour());
    parts.prop_map(|(lanes, days, from, to)| PlannedPause {
        lanes,
        days,
        from,
        to,
        zone: TimeZone::UTC,
        reason: String::new(),
    })
}

/// The rules of a small target, up to three limits.
pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let limits = (option::of(limit("a")), option::of(limit("b")), limit("c"));
    let bounds = (bound(), bound()).prop_map(|(medium, batch)| MaxDeferrals { medium, batch });
    let pauses = prop_oneof![4 => Just(Vec::new()), 1 => vec(planned_pause(), 1..3)];
    (limits, bounds, pauses).prop_map(|((a, b, c), max_deferrals, pauses)| Rules {
        limits: [a, b, Some(c)].into_iter().flatten().collect(),
        max_deferrals,
        pauses,
        ..Rules::default()
    })
}
