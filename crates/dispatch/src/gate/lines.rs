//! Lines: the calls of a lane that one tariff charges under one key. A call whose line has no free slot for it steps aside, so that it
//! holds up nobody but those behind it in its line; a host keeps who stands where, and asks here.

use super::{Gate, GateView};
use crate::limit::LimitState;
use crate::permit::NextCall;
use crate::permit::Stage;
use crate::priority::Priority;
use crate::rules::{Charges, Line, Tariff};
use crate::time::{Time, earliest};

impl Gate {
    /// The tariffs by which calls are charged, in the order of [`Charges`].
    pub fn tariffs(&self) -> &[Tariff] {
        &self.tariffs
    }

    /// The lines in which a slot may have come free since this was last asked: by an answer, by a permit that was given back, by
    /// the end of a hold, or by time.
    pub fn take_freed(&mut self, now: Time) -> Vec<Line> {
        self.advance(now);
        std::mem::take(&mut self.freed).into_iter().collect()
    }
}

impl GateView<'_> {
    /// The first of the lines in which a call would stand that has no free slot for it; none if all have. What every call of the
    /// target needs is not asked: that is [`Gate::decide`].
    pub fn refusing_line(&self, lane: Priority, charges: Charges) -> Option<Line> {
        if charges.is_nothing() {
            return None;
        }
        let context = self.context();
        let call = NextCall {
            stage: Stage::Call,
            charges,
        };
        let refuses = |line: &Line| {
            let mut limits = self.gate.limits.iter();
            limits.any(|limit| {
                limit.tariff == Some(line.tariff) && !limit.admits(lane, call, context)
            })
        };
        charges.lines().find(refuses)
    }

    /// When time alone may free a slot in some line.
    pub fn next_freed(&self) -> Option<Time> {
        let limits = self.gate.limits.iter();
        let frees = limits.filter_map(LimitState::first_free);
        frees.fold(None, |first, time| earliest(first, Some(time)))
    }
}
