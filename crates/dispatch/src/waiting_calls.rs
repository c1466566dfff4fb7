//! The calls of a target that wait in their turn, as a host keeps them that has no store, and the rule by which every host does.
//!
//! A call *stands in a line* for each tariff that charges it, with all calls of its lane that are charged under the same key. Of
//! each line at most one call, the first, is in its lane, and only as long as the limits of all its lines admit it. Every other
//! call stands aside, in one line that does not let it go on. So a lane never holds a call that a limit of some calls refuses,
//! the first call of a lane is found at once, and no call is held up but by those before it in a line of its own. A call that
//! enters, starts or steps aside moves a few others at most, however many wait.

use std::collections::{BTreeMap, BTreeSet};

use crate::gate::GateView;
use crate::lane::Waiting;
use crate::priority::Priority;
use crate::rules::{Charges, Line};

/// The calls of a target that wait in their turn; `C` names a call. Turns are the host's: see [`crate::FairOrder`].
#[derive(Clone, Debug)]
pub struct WaitingCalls<C> {
    /// Calls that may start but for the limits on all calls.
    lanes: [BTreeSet<(u64, C)>; 3],
    /// The call of each line that is in its lane.
    heads: BTreeMap<(Line, Priority), (u64, C)>,
    /// Calls that stand aside.
    aside: BTreeMap<(Line, Priority), BTreeSet<(u64, C)>>,
    /// What each call is charged, if it is charged anything, and the line in which it stands aside, if it does.
    charged: BTreeMap<C, (Charges, Option<Line>)>,
    /// How many wait, in each lane.
    count: [usize; 3],
}

impl<C> Default for WaitingCalls<C> {
    fn default() -> WaitingCalls<C> {
        WaitingCalls {
            lanes: Default::default(),
            heads: BTreeMap::new(),
            aside: BTreeMap::new(),
            charged: BTreeMap::new(),
            count: [0; 3],
        }
    }
}

impl<C: Copy + Ord> WaitingCalls<C> {
    /// Calls of a lane, those that stand aside included.
    pub fn len(&self, lane: Priority) -> usize {
        self.count[lane.index()]
    }

    /// Whether no call of a lane waits.
    pub fn is_empty(&self, lane: Priority) -> bool {
        self.len(lane) == 0
    }

    /// The first call that is in its lane.
    pub fn first(&self, lane: Priority) -> Option<C> {
        self.lanes[lane.index()].first().map(|(_, call)| *call)
    }

    /// What the gate is to decide about; [`WaitingCalls::settle`] comes first.
    pub fn waiting(&self) -> Waiting {
        Priority::ALL
            .into_iter()
            .fold(Waiting::NONE, |waiting, lane| {
                match self.lanes[lane.index()].first() {
                    Some((_, call)) => waiting.with(lane).charged(lane, self.charges(*call)),
                    None => waiting,
                }
            })
    }

    fn charges(&self, call: C) -> Charges {
        let charged = self.charged.get(&call);
        charged.map_or(Charges::NOTHING, |(charges, _)| *charges)
    }

    /// A call waits from now on.
    pub fn enter(
        &mut self,
        view: GateView<'_>,
        lane: Priority,
        (turn, call): (u64, C),
        charges: Charges,
    ) {
        self.count[lane.index()] += 1;
        if charges.is_nothing() {
            self.lanes[lane.index()].insert((turn, call));
            return;
        }
        self.charged.insert(call, (charges, None));
        self.place(view, lane, (turn, call));
    }

    /// Lets the first calls of the lanes step aside that a limit of a line of theirs refuses by now.
    pub fn settle(&mut self, view: GateView<'_>) {
        for lane in Priority::ALL {
            while let Some(first) = self.lanes[lane.index()].first().copied()
                && let Some(line) = view.refusing_line(lane, self.charges(first.1))
            {
                self.leave_lane(lane, first);
                self.stand_aside(line, lane, first);
                self.go_on_but(view, lane, first.1, line);
            }
        }
    }

    /// The first call of a lane starts: it waits no more.
    pub fn take_first(&mut self, view: GateView<'_>, lane: Priority) -> Option<C> {
        let first = self.lanes[lane.index()].first().copied()?;
        self.leave_lane(lane, first);
        self.forget(view, lane, first.1);
        Some(first.1)
    }

    /// A call waits no more, wherever it stood.
    pub fn withdraw(&mut self, view: GateView<'_>, lane: Priority, (turn, call): (u64, C)) {
        match self.charged.get(&call).and_then(|(_, aside)| *aside) {
            Some(line) => self.leave_aside(line, lane, (turn, call)),
            None => self.leave_lane(lane, (turn, call)),
        }
        self.forget(view, lane, call);
    }

    /// Lets the calls go on whose lines have a slot by now: see [`crate::Gate::take_freed`].
    pub fn go_on(&mut self, view: GateView<'_>, freed: &[Line]) {
        for line in freed {
            for lane in Priority::ALL {
                self.go_on_in(view, *line, lane);
            }
        }
    }

    fn forget(&mut self, view: GateView<'_>, lane: Priority, call: C) {
        self.count[lane.index()] -= 1;
        if let Some((charges, _)) = self.charged.remove(&call) {
            for line in charges.lines() {
                self.go_on_in(view, line, lane);
            }
        }
    }

    /// Lets the next calls of a call's lines go on, but for one line.
    fn go_on_but(&mut self, view: GateView<'_>, lane: Priority, call: C, but: Line) {
        for line in self.charges(call).lines().filter(|line| *line != but) {
            self.go_on_in(view, line, lane);
        }
    }

    /// Lets the first call that stands aside in a line go on, if nobody of the line is in the lane.
    fn go_on_in(&mut self, view: GateView<'_>, line: Line, lane: Priority) {
        while !self.heads.contains_key(&(line, lane))
            && let Some(first) = self
                .aside
                .get(&(line, lane))
                .and_then(|calls| calls.first().copied())
            && view.refusing_line(lane, self.charges(first.1)) != Some(line)
        {
            self.leave_aside(line, lane, first);
            self.place(view, lane, first);
        }
    }

    /// Puts a call where it belongs: into its lane, or aside.
    fn place(&mut self, view: GateView<'_>, lane: Priority, call: (u64, C)) {
        let charges = self.charges(call.1);
        let is_after = |first: Option<(u64, C)>| first.is_some_and(|first| first < call);
        let stops = |line: &Line| {
            let aside = self.aside.get(&(*line, lane));
            is_after(self.heads.get(&(*line, lane)).copied())
                || is_after(aside.and_then(|calls| calls.first().copied()))
        };
        let stopped_by = charges.lines().find(stops);
        let refused_by = view.refusing_line(lane, charges);
        if let Some(line) = stopped_by.or(refused_by) {
            return self.stand_aside(line, lane, call);
        }
        // It goes before the calls of its lines that are in the lane already.
        let mut displaced = Vec::new();
        for line in charges.lines() {
            if let Some(head) = self.heads.get(&(line, lane)).copied() {
                self.leave_lane(lane, head);
                self.stand_aside(line, lane, head);
                displaced.push((head.1, line));
            }
            self.heads.insert((line, lane), call);
        }
        self.lanes[lane.index()].insert(call);
        for (head, line) in displaced {
            self.go_on_but(view, lane, head, line);
        }
    }

    fn stand_aside(&mut self, line: Line, lane: Priority, call: (u64, C)) {
        self.aside.entry((line, lane)).or_default().insert(call);
        if let Some((_, aside)) = self.charged.get_mut(&call.1) {
            *aside = Some(line);
        }
    }

    fn leave_aside(&mut self, line: Line, lane: Priority, call: (u64, C)) {
        if let Some(calls) = self.aside.get_mut(&(line, lane)) {
            calls.remove(&call);
            if calls.is_empty() {
                self.aside.remove(&(line, lane));
            }
        }
        if let Some((_, aside)) = self.charged.get_mut(&call.1) {
            *aside = None;
        }
    }

    fn leave_lane(&mut self, lane: Priority, call: (u64, C)) {
        self.lanes[lane.index()].remove(&call);
        for line in self.charges(call.1).lines() {
            if self.heads.get(&(line, lane)) == Some(&call) {
                self.heads.remove(&(line, lane));
            }
        }
    }
}
