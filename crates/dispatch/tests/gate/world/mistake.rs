//! Mistakes that a host can make, to see that the vendor notices.

use std::num::NonZeroU32;

use rampmeter_dispatch::{
    Charge, Charges, CountFrom, Key, LimitKind, MAX_TARIFFS, MIN_WINDOW, Rules,
};

/// A mistake built into the host or its configuration, to see that the vendor notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Windows free their slots one length after the permit, though the vendor counts until the
    /// answer.
    FreesAtSend,
    /// Open permits are not persisted.
    ForgetsPermits,
    /// The rows of windows are not persisted.
    ForgetsRows,
    /// A lost call counts as an answered one.
    NeverHolds,
    /// The window is configured a tenth shorter than the vendor's.
    ShortWindow,
    /// The limit is configured one higher than the vendor's.
    OneTooMany,
    /// A call is charged one place, whatever it costs.
    ChargesOnePlace,
    /// A call is charged under another key than its own, now and then.
    ConfusesKeys,
    /// A limit of some calls is taken to leave out those too.
    LeavesCallsOut,
    /// What open permits are charged is not persisted.
    ForgetsCharges,
    /// Rows are persisted without their key.
    ForgetsKeysOfRows,
}

/// What a host that makes a mistake takes a call to be charged.
pub(crate) fn mistaken_charges(charges: Charges, turn: u64, mistake: Option<Mistake>) -> Charges {
    let mistaken = |charge: Charge| match mistake {
        Some(Mistake::ChargesOnePlace) => Some(Charge {
            cost: NonZeroU32::MIN,
            ..charge
        }),
        Some(Mistake::ConfusesKeys) if charge.key != Key::ALL => Some(Charge {
            key: Key::of_number(charge.key.number() ^ (turn % 2)),
            ..charge
        }),
        Some(Mistake::LeavesCallsOut) => None,
        _ => Some(charge),
    };
    (0..MAX_TARIFFS).fold(Charges::NOTHING, |all, tariff| {
        match charges.by(tariff).and_then(mistaken) {
            Some(charge) => all.with(tariff, charge),
            None => all,
        }
    })
}

/// The rules of the gate, if the host makes this mistake.
pub(crate) fn mistaken(rules: &Rules, mistake: Option<Mistake>) -> Rules {
    let mut rules = rules.clone();
    for limit in &mut rules.limits {
        match (mistake, &mut limit.kind) {
            (Some(Mistake::FreesAtSend), _) => {
                limit.count_from = CountFrom::Send;
            }
            (Some(Mistake::ShortWindow), LimitKind::Window { per, .. }) => {
                *per = (*per * 9 / 10).max(MIN_WINDOW);
            }
            (
                Some(Mistake::OneTooMany),
                LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. },
            ) => *calls += 1,
            (Some(Mistake::OneTooMany), LimitKind::Concurrency { max }) => *max += 1,
            _ => {}
        }
    }
    rules
}
