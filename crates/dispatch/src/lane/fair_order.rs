//! In which order the calls of one lane take their turns: oldest first, and fair among the message
//! groups that wait.
//!
//! Each call is given a number when it begins to wait, its *turn*, and the lowest turn goes first,
//! then the oldest call. A group's calls get turns one apart, and no call gets a turn that has been
//! served already. So a group with a backlog of a thousand calls and one with a single call take
//! turns with each other, and a new group waits for one call of each group at most. This is
//! start-time fair queueing with one unit for each call (Goyal, Vin and Cheng, SIGCOMM 1996). Calls
//! without a group are one group together. The calls themselves are the host's.

/// What a lane remembers of the turns it gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FairOrder {
    /// The highest turn that a call started with.
    served: u64,
    /// The last turn of a call without a group.
    ungrouped: u64,
}

impl FairOrder {
    /// After a restart: from the lowest turn that waits, and from the highest one of a call without a
    /// group.
    pub fn restore(first_waiting: Option<u64>, last_ungrouped: Option<u64>) -> FairOrder {
        FairOrder {
            served: first_waiting.map_or(0, |turn| turn.saturating_sub(1)),
            ungrouped: last_ungrouped.unwrap_or(0),
        }
    }

    /// The turn of a new call without a group.
    pub fn take(&mut self) -> u64 {
        self.ungrouped = self.after(self.ungrouped);
        self.ungrouped
    }

    /// The turn of a new call of a group. `newest`: the highest turn among the calls of that group
    /// which wait in this lane, if any does.
    pub fn of_group(&self, newest: Option<u64>) -> u64 {
        self.after(newest.unwrap_or(0))
    }

    /// A call with this turn started.
    pub fn served(&mut self, turn: u64) {
        self.served = self.served.max(turn);
    }

    fn after(&self, last: u64) -> u64 {
        self.served.max(last).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A lane as a host keeps it.
    #[derive(Default)]
    struct Lane {
        turns: FairOrder,
        /// Turn, number of the call, group.
        waiting: BTreeSet<(u64, u32, Option<u8>)>,
        sent: u32,
    }

    impl Lane {
        fn send(&mut self, group: Option<u8>) {
            let newest = self.waiting.iter().rev().find(|call| call.2 == group);
            let newest = newest.map(|call| call.0);
            let turn = match group {
                None => self.turns.take(),
                Some(_) => self.turns.of_group(newest),
            };
            self.waiting.insert((turn, self.sent, group));
            self.sent += 1;
        }

        fn start(&mut self) -> Option<(u32, Option<u8>)> {
            let (turn, number, group) = self.waiting.pop_first()?;
            self.turns.served(turn);
            Some((number, group))
        }

        fn restart(&mut self) {
            let ungrouped = self.waiting.iter().rev().find(|call| call.2.is_none());
            self.turns = FairOrder::restore(
                self.waiting.first().map(|call| call.0),
                ungrouped.map(|call| call.0),
            );
        }
    }

    #[test]
    fn calls_without_a_group_start_in_the_order_in_which_they_were_sent() {
        let mut lane = Lane::default();
        for round in 0..3 {
            (0..5).for_each(|_| lane.send(None));
            let started: Vec<u32> =
                std::iter::from_fn(|| lane.start().map(|call| call.0)).collect();
            assert_eq!(started, (round * 5..round * 5 + 5).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_single_call_passes_the_backlog_of_another_group() {
        let mut lane = Lane::default();
        (0..1_000).for_each(|_| lane.send(Some(1)));
        (0..10).for_each(|_| assert_eq!(lane.start().unwrap().1, Some(1)));
        lane.send(Some(2));
        let next = [lane.start().unwrap().1, lane.start().unwrap().1];
        assert!(next.contains(&Some(2)), "{next:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// While two groups both wait, neither starts two calls more than the other, whatever
        /// arrives; and within a group the oldest goes first. A restart forgets who was served
        /// last, and counting begins anew.
        #[test]
        fn groups_that_wait_take_turns(
            steps in prop::collection::vec((0_u8..5, prop::option::of(0_u8..3)), 1..400),
        ) {
            let mut lane = Lane::default();
            let groups = [None, Some(0), Some(1), Some(2)];
            // Starts of a group past another that waits, since that one's last start or arrival.
            let mut passed = [[0_u32; 4]; 4];
            let mut newest = [None; 4];
            for (step, group) in steps {
                match step {
                    0 | 1 => {
                        let index = groups.iter().position(|one| *one == group).unwrap();
                        if !lane.waiting.iter().any(|call| call.2 == group) {
                            passed[index] = [0; 4];
                        }
                        lane.send(group);
                    }
                    2 | 3 => {
                        let Some((number, group)) = lane.start() else { continue };
                        let index = groups.iter().position(|one| *one == group).unwrap();
                        prop_assert!(newest[index].is_none_or(|newest| newest < number));
                        newest[index] = Some(number);
                        passed[index] = [0; 4];
                        for (other, group) in groups.iter().enumerate() {
                            if other != index && lane.waiting.iter().any(|call| call.2 == *group) {
                                passed[other][index] += 1;
                                prop_assert!(passed[other][index] <= 2);
                            }
                        }
                    }
                    _ => {
                        lane.restart();
                        passed = [[0; 4]; 4];
                    }
                }
            }
        }
    }
}
