//! Windows that are filled evenly: which lanes they hold up, and until when.
//!
//! HIGH is never held up by a pace, and while HIGH could start, no lane is: what the lower lanes then get is their due start
//! after so many deferrals, which a pace must not take from them.

use super::GateView;
use crate::lane::Waiting;
use crate::limit::LimitState;
use crate::priority::Priority;
use crate::time::Time;

impl<'g> GateView<'g> {
    /// The window whose pace holds up a lane at present, and until when.
    pub(super) fn paced(&self, lane: Priority, waiting: Waiting) -> Option<(&'g LimitState, Time)> {
        let paced = self.last_pace(lane)?;
        let high_goes_first = waiting.has(Priority::High)
            && self.admits(Priority::High, waiting.next(Priority::High));
        (!high_goes_first).then_some(paced)
    }

    /// The window whose schedule is the last to let a lower lane go on, if one does not yet.
    pub(super) fn last_pace(&self, lane: Priority) -> Option<(&'g LimitState, Time)> {
        if lane == Priority::High {
            return None;
        }
        let paces = self
            .gate
            .limits
            .iter()
            .filter_map(|limit| Some((limit, limit.paced_until()?)));
        paces
            .filter(|(_, until)| *until > self.now)
            .max_by_key(|(_, until)| *until)
    }
}
