//! When time alone may change what the gate decides: what a host sleeps until.

use super::GateView;
use crate::feedback::Opening;
use crate::lane::Waiting;
use crate::limit::LimitState;
use crate::permit::Stage;
use crate::priority::Priority;
use crate::time::{Time, earliest};

impl GateView<'_> {
    /// The earliest moment at which time alone may change a decision: the end of a hold, a slot
    /// that is free again in a limit that refuses somebody, the reopening of the target, the rise
    /// of a learned ceiling, the beginning or end of a planned pause.
    pub fn next_change(&self) -> Option<Time> {
        let context = self.context();
        let opens = match self.opening() {
            Opening::ClosedUntil(until) => Some(until),
            Opening::Trouble(trouble) => trouble.next_probe,
            Opening::Open | Opening::Full { .. } => None,
        };
        let refusals = Priority::ALL
            .into_iter()
            .flat_map(|lane| [(lane, Stage::Call), (lane, Stage::Poll)])
            .flat_map(|next| self.gate.limits.iter().map(move |limit| (next, limit)));
        let paces = self
            .gate
            .limits
            .iter()
            .filter_map(LimitState::paced_until)
            .filter(|next| *next > self.now);
        let frees =
            refusals.filter_map(|((lane, stage), limit)| limit.frees_at(lane, stage, context));
        frees.chain(paces).fold(
            earliest(
                self.next_planned_change(),
                earliest(opens, self.gate.permits.first_hold_end()),
            ),
            |first, time| earliest(first, Some(time)),
        )
    }

    /// When the first of the waiting lanes, none of which is eligible, may become so by time alone.
    pub(super) fn opens_at(&self, waiting: Waiting) -> Option<Time> {
        waiting
            .lanes()
            .filter_map(|lane| self.lane_opens_at(lane, waiting.next(lane)))
            .min()
    }

    /// A lane opens when the last of its obstacles is gone; never, if one of them does not go by
    /// itself.
    pub(super) fn lane_opens_at(&self, lane: Priority, stage: Stage) -> Option<Time> {
        let context = self.context();
        let mut opens = match (self.gate.pauses.of(lane), self.opening()) {
            (Some(_), _) | (None, Opening::Full { .. }) => return None,
            (None, Opening::ClosedUntil(until)) => until,
            (None, Opening::Trouble(trouble)) => trouble.next_probe?,
            (None, Opening::Open) => self.now,
        };
        if let Some((_, until)) = self.planned_pause(lane) {
            opens = opens.max(until);
        }
        for limit in self
            .gate
            .limits
            .iter()
            .filter(|limit| !limit.admits(lane, stage, context))
        {
            opens = opens.max(limit.frees_at(lane, stage, context)?);
        }
        let paced = self.last_pace(lane).map(|(_, until)| until);
        Some(paced.map_or(opens, |until| opens.max(until)))
    }
}
