//! What the oracle makes of one limit: the calls that it counts, under which key, and whether it admits one more.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use rampmeter_dispatch::{Charge, Charges, Key, Limit, LimitKind, Priority, Share, Time};

use super::Oracle;

impl Oracle {
    /// What a limit is charged for a call; none if it does not count the call.
    fn charge(&self, limit: &Limit, charges: Charges) -> Option<Charge> {
        if limit.tariff.is_plain() {
            let (key, cost) = (Key::ALL, NonZeroU32::MIN);
            return Some(Charge { key, cost });
        }
        let tariff = self
            .tariffs
            .iter()
            .position(|tariff| *tariff == limit.tariff);
        charges.by(tariff.expect("it is of these limits"))
    }

    /// Whether one of the limits that count some calls, or some dearer, refuses a call.
    pub(crate) fn is_refused_by_a_tariff(&self, lane: Priority, charges: Charges) -> bool {
        let limits = self.rules.limits.iter();
        let mut limits = limits.filter(|limit| !limit.tariff.is_plain());
        limits.any(|limit| !self.limit_admits(limit, lane, charges, self.now, false))
    }

    pub(crate) fn limit_admits(
        &self,
        limit: &Limit,
        lane: Priority,
        charges: Charges,
        at: Time,
        releasing: bool,
    ) -> bool {
        let Some(charge) = self.charge(limit, charges) else {
            return true;
        };
        let inside = self.inside(limit, charge.key, at, releasing);
        let cost = charge.cost.get() as usize;
        // One empty reserved place for each reserve of a higher priority; the calls sit down, the
        // highest first.
        let mut reserved = Vec::new();
        for higher in Priority::ALL.into_iter().filter(|higher| *higher < lane) {
            reserved.extend(std::iter::repeat_n(
                higher,
                limit.reserve.of(higher) as usize,
            ));
        }
        for call in &inside {
            if let Some(place) = reserved.iter().position(|place| *place >= *call) {
                reserved.remove(place);
            }
        }
        inside.len() + cost + reserved.len() <= self.places(limit, at)
            && self.share_admits(limit, lane, cost, &inside)
    }

    fn share_admits(
        &self,
        limit: &Limit,
        lane: Priority,
        cost: usize,
        inside: &[Priority],
    ) -> bool {
        let own = inside.iter().filter(|call| **call == lane).count();
        limit
            .share
            .of(lane)
            .is_none_or(|share| own + cost <= share as usize)
    }

    /// Whether the share of a lane alone refuses its next call.
    pub(crate) fn only_its_share_refuses(
        &self,
        limit: &Limit,
        lane: Priority,
        charges: Charges,
    ) -> bool {
        let unshared = Limit {
            share: Share::default(),
            ..limit.clone()
        };
        !self.limit_admits(limit, lane, charges, self.now, false)
            && self.limit_admits(&unshared, lane, charges, self.now, false)
    }

    /// The priorities of the calls that a limit counts under a key, highest first; a call that takes more places than one is
    /// there as often.
    pub(crate) fn inside(
        &self,
        limit: &Limit,
        key: Key,
        at: Time,
        releasing: bool,
    ) -> Vec<Priority> {
        let calls = self
            .calls
            .iter()
            .filter(|call| call.occupies(limit, at, releasing));
        let mut inside = Vec::new();
        for call in calls {
            if let Some(charge) = self.charge(limit, call.charges)
                && charge.key == key
            {
                inside.extend((0..charge.cost.get()).map(|_| call.priority));
            }
        }
        inside.sort();
        inside
    }

    /// As many places as the key has taken that has taken most, and how many keys have any.
    pub(crate) fn most_inside(&self, limit: &Limit, at: Time) -> (usize, usize) {
        let charges = self.calls.iter();
        let charges = charges.filter_map(|call| self.charge(limit, call.charges));
        let keys: BTreeSet<Key> = charges.map(|charge| charge.key).collect();
        let taken = keys
            .into_iter()
            .map(|key| self.inside(limit, key, at, false).len());
        let taken: Vec<usize> = taken.filter(|taken| *taken > 0).collect();
        (taken.iter().copied().max().unwrap_or(0), taken.len())
    }

    pub(crate) fn places(&self, limit: &Limit, at: Time) -> usize {
        match limit.kind {
            LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => calls as usize,
            LimitKind::Concurrency { max } if !limit.tariff.is_plain() => max as usize,
            LimitKind::Concurrency { max } => {
                self.ceiling(at).map_or(max, |ceiling| ceiling.min(max)) as usize
            }
        }
    }

    /// Whether a limit as it is configured has a place left under the key of a call, or does not count it.
    pub(super) fn has_room_for(&self, limit: &Limit, charges: Charges) -> bool {
        self.charge(limit, charges).is_none_or(|charge| {
            let inside = self.inside(limit, charge.key, self.now, false);
            inside.len() < limit.max() as usize
        })
    }
}
