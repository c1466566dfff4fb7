//! Everything a gate says, compared with the oracle after each step.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_dispatch::{Charges, Decision, Key, LimitKind, Position, Priority};

use crate::explanations::situation;
use crate::world::{World, check};

/// Situations that the runs of a test must come through, or they prove little.
pub(crate) const SITUATIONS: [&str; 31] = [
    "a due lane starts past HIGH",
    "a pressing BATCH starts past MEDIUM",
    "a call is held by a limit",
    "a call is held by its cost",
    "a call stands aside",
    "a call passes one that stands aside",
    "a key has used up its limit while another has not",
    "a restart finds a call that is charged",
    "a call is held by a reserve",
    "a call is held by a share",
    "a call is held by a learned ceiling",
    "a call is held by a lane",
    "a call is held by a closed target",
    "a call is held by a ramp",
    "a call is held by a pause",
    "a call is held by a pause by the calendar",
    "a start is foretold",
    "a call is held by a pace",
    "a throttle is the call's own",
    "a trouble may be the call's own",
    "the account is in trouble",
    "the account's trouble is over",
    "a call is held by the account's trouble",
    "a slot is contended",
    "a ceiling is learned",
    "only an answer opens the target",
    "time opens the target",
    "a restart finds open permits",
    "a quota of a day is used up",
    "an answer closes the target before a throttle",
    "a used-up vendor tells a full window nothing new",
];

impl World {
    /// Everything the gate says is what the oracle says.
    pub(crate) fn agree(&mut self) -> Result<(), String> {
        self.oracle.clock(self.clock);
        self.settle();
        self.lines_agree()?;
        self.decisions_agree()?;
        self.limits_agree()?;
        self.explanations_agree()?;
        let now = self.oracle.now;
        let live = self.rows.values().filter(|row| row.until > now).cloned();
        let mut rows = self.gate.view(self.clock).rows();
        rows.sort_by_key(World::key_of);
        check!(live.eq(rows), "the gate has other rows than were persisted");
        let open = self.oracle.open_ids();
        check!(
            open.iter().all(|id| self.gate.is_open(*id)),
            "a permit of {open:?} is lost"
        );
        check!(
            self.gate.in_flight() == open.len() as u64,
            "{} permits for {open:?}",
            self.gate.in_flight()
        );
        check!(
            self.in_flight.keys().eq(&open),
            "permits {open:?}, calls {:?}",
            self.in_flight.keys()
        );
        check!(
            self.gate.held() == self.oracle.held(),
            "{} permits are held",
            self.gate.held()
        );
        check!(
            self.gate.deferrals() == self.oracle.deferrals(),
            "deferrals {:?}",
            self.gate.deferrals()
        );
        Ok(())
    }

    fn decisions_agree(&mut self) -> Result<(), String> {
        let waiting = self.waiting();
        let decision = self.gate.decide(waiting, self.clock);
        let expected = self.oracle.decide(waiting);
        let now = self.oracle.now;
        let holds_are_released = self.oracle.first_hold_end().is_none_or(|end| end > now);
        self.saw(
            "only an answer opens the target",
            decision == Decision::NotBefore(None),
        );
        self.saw(
            "time opens the target",
            matches!(decision, Decision::NotBefore(Some(_))),
        );
        if let (Decision::NotBefore(again), Decision::NotBefore(_)) = (decision, expected) {
            let missed = self.oracle.admits_before(waiting, again);
            check!(
                missed.is_none(),
                "a call could start at {missed:?}, but not before {again:?} is said"
            );
            check!(
                again.is_none_or(|again| again > now || !holds_are_released),
                "not before {again:?} is said at {now:?}"
            );
        } else {
            check!(decision == expected, "{decision:?} instead of {expected:?}");
        }
        if holds_are_released {
            let next = self.gate.view(self.clock).next_change();
            let missed = self.oracle.changes_before(next);
            check!(
                missed.is_none(),
                "something changes at {missed:?}, before {next:?}"
            );
            check!(
                next.is_none_or(|next| next > now),
                "the next change is at {next:?}, now is {now:?}"
            );
        }
        Ok(())
    }

    /// No call is held up by a limit that does not count it, nor by a call of another line; and none passes its like.
    fn lines_agree(&mut self) -> Result<(), String> {
        for lane in Priority::ALL {
            let calls = self.sent[lane.index()].clone();
            let first = self.first_in(lane);
            let mut held = BTreeSet::new();
            for (turn, charges) in calls {
                let is_behind = charges.lines().any(|line| held.contains(&line));
                let is_first = first == Some(turn);
                if is_first || !is_behind {
                    let refused = self.oracle.is_refused_by_a_tariff(lane, charges);
                    check!(
                        refused != is_first,
                        "{lane} call {turn}: next is {first:?}, a limit refuses it: {refused}"
                    );
                    if is_first {
                        self.saw("a call passes one that stands aside", !held.is_empty());
                        break;
                    }
                    self.is_told_of_its_line(lane, charges)?;
                }
                let charges_of_first = first.map(|first| self.sent[lane.index()][&first]);
                check!(
                    charges_of_first != Some(charges),
                    "{lane} call {turn} is passed by its like"
                );
                held.extend(charges.lines());
            }
            self.saw("a call stands aside", !held.is_empty());
        }
        Ok(())
    }

    /// A call that a limit of some calls refuses is held by that limit, unless the whole lane is shut.
    fn is_told_of_its_line(&mut self, lane: Priority, charges: Charges) -> Result<(), String> {
        if !self.oracle.is_open_for(lane, self.oracle.now) {
            return Ok(());
        }
        let waiting = self.waiting().with(lane).charged(lane, charges);
        let view = self.gate.view(self.clock);
        let told = view.explanation(Position::first(lane), waiting, None);
        check!(
            told.held_by.limit().is_some(),
            "a {lane} call that stands aside is told {told:?}"
        );
        if let Some(situation) = situation(&told.held_by) {
            self.saw(situation, true);
        }
        Ok(())
    }

    fn limits_agree(&mut self) -> Result<(), String> {
        let now = self.oracle.now;
        self.saw(
            "a ceiling is learned",
            self.gate.view(self.clock).learned_ceiling().is_some(),
        );
        for (limit, usage) in self
            .oracle
            .rules
            .limits
            .iter()
            .zip(self.gate.view(self.clock).usage())
        {
            let (used, keys) = self.oracle.most_inside(limit, now);
            let used = used as u64;
            check!(
                usage.keys == limit.tariff.by.as_ref().map(|_| keys),
                "{}: {:?} keys instead of {keys}",
                limit.name,
                usage.keys
            );
            check!(
                usage.used == used,
                "{}: {} used instead of {used}",
                limit.name,
                usage.used
            );
            check!(
                used <= limit.max(),
                "{}: {used} used of {}",
                limit.name,
                limit.max()
            );
            if matches!(limit.kind, LimitKind::Calendar { .. }) && used == limit.max() {
                self.seen.insert("a quota of a day is used up");
            }
            if keys > 1 && used == limit.max() {
                self.seen
                    .insert("a key has used up its limit while another has not");
            }
            let places = self.oracle.places(limit, now) as u64;
            let learned = (places < limit.max()).then_some(places as u32);
            check!(
                usage.learned_ceiling == learned,
                "{}: learned {:?}",
                limit.name,
                usage.learned_ceiling
            );
            let mut rows = BTreeMap::<Option<Key>, u64>::new();
            for (_, key, _) in self.rows.keys().filter(|(name, ..)| *name == limit.name) {
                *rows.entry(*key).or_default() += 1;
            }
            let most = rows.into_values().max().unwrap_or(0);
            check!(most <= limit.most_rows(), "{}: {most} rows", limit.name);
        }
        Ok(())
    }

    pub(crate) fn saw(&mut self, situation: &'static str, happened: bool) {
        assert!(
            SITUATIONS.contains(&situation),
            "`{situation}` is in no list"
        );
        if happened {
            self.seen.insert(situation);
        }
    }
}
