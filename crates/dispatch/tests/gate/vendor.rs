//! The vendor's own count: it sees calls, not the gate, and counts each at a moment of its own
//! choice.

use std::collections::BTreeMap;

use rampmeter_dispatch::{Calendar, CountFrom, Limit, LimitKind, Rules, Time};

/// Every call the vendor ever saw.
#[derive(Debug, Default)]
pub(crate) struct Vendor {
    calls: Vec<Seen>,
}

/// A call from its permit to its answer, or to the end of its hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) started: Time,
    pub(crate) ended: Time,
    /// The part of its time after which the vendor counts it, in 255ths.
    pub(crate) counted_at: u8,
}

/// The number of the day, reset to reset, of a daily calendar in UTC: by plain arithmetic, so that
/// the gate's own calendar is not asked.
pub(crate) fn day_of(reset: &Calendar, moment: Time) -> i64 {
    (moment.as_micros() - micros_of_day(reset)).div_euclid(DAY)
}

/// When the day that contains `moment` ends.
pub(crate) fn end_of_day(reset: &Calendar, moment: Time) -> Time {
    Time::from_micros((day_of(reset, moment) + 1) * DAY + micros_of_day(reset))
}

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn micros_of_day(reset: &Calendar) -> i64 {
    let (hour, minute, second) = (reset.at.hour(), reset.at.minute(), reset.at.second());
    ((i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1_000_000
}

impl Seen {
    fn counted(self) -> Time {
        let time = self.ended.as_micros() - self.started.as_micros();
        Time::from_micros(self.started.as_micros() + time * i64::from(self.counted_at) / 255)
    }
}

impl Vendor {
    pub(crate) fn sees(&mut self, call: Seen) {
        self.calls.push(call);
    }

    /// Whether every limit was kept, as the vendor counts.
    pub(crate) fn judge(&self, rules: &Rules) -> Result<(), String> {
        rules.limits.iter().try_for_each(|limit| match &limit.kind {
            LimitKind::Concurrency { max } => self.judge_concurrency(limit, *max as usize),
            LimitKind::Calendar { calls, reset } => {
                self.judge_calendar(limit, *calls as usize, reset)
            }
            LimitKind::Window { calls, per } => {
                let length =
                    i64::try_from(per.as_micros()).expect("a window is at most a month long");
                self.judge_window(limit, *calls as usize, length)
            }
        })
    }

    /// In no day of the vendor's calendar, which has no change of clocks here, more than N calls.
    fn judge_calendar(&self, limit: &Limit, most: usize, reset: &Calendar) -> Result<(), String> {
        let mut calls = Vec::new();
        for call in &self.calls {
            let counted = match limit.count_from {
                CountFrom::Answer => call.counted(),
                CountFrom::Send => call.started,
            };
            calls.push(counted);
        }
        // The vendor's clock is ahead, right or behind, as far as the margin allows.
        let margin = reset.margin.as_micros() as i64;
        let off = [-margin, 0, margin];
        off.into_iter().try_for_each(|off| {
            let mut days = BTreeMap::<i64, usize>::new();
            for counted in &calls {
                let told = Time::from_micros(counted.as_micros() + off);
                *days.entry(day_of(reset, told)).or_default() += 1;
            }
            match days.iter().find(|(_, calls)| **calls > most) {
                None => Ok(()),
                Some((day, calls)) => Err(format!("{}: {calls} calls on day {day}", limit.name)),
            }
        })
    }

    /// Of every N + 1 calls in a row, the last comes at least one length after the first.
    fn judge_window(&self, limit: &Limit, calls: usize, length: i64) -> Result<(), String> {
        let counted = |call: &Seen| match limit.count_from {
            CountFrom::Answer => call.counted(),
            CountFrom::Send => call.started,
        };
        let mut moments: Vec<i64> = self
            .calls
            .iter()
            .map(|call| counted(call).as_micros())
            .collect();
        moments.sort_unstable();
        match moments
            .windows(calls + 1)
            .find(|row| row[calls] - row[0] < length)
        {
            None => Ok(()),
            Some(row) => Err(format!(
                "{}: {} calls from {} to {}",
                limit.name,
                calls + 1,
                row[0],
                row[calls]
            )),
        }
    }

    fn judge_concurrency(&self, limit: &Limit, max: usize) -> Result<(), String> {
        // At one moment, answers come before starts.
        let ends = self.calls.iter().map(|call| (call.ended, false));
        let starts = self.calls.iter().map(|call| (call.started, true));
        let mut changes: Vec<(Time, bool)> = ends.chain(starts).collect();
        changes.sort_unstable();
        let mut in_flight = 0_i64;
        for (moment, starts) in changes {
            in_flight += if starts { 1 } else { -1 };
            if in_flight > max as i64 {
                return Err(format!(
                    "{}: {in_flight} calls in flight at {moment:?}",
                    limit.name
                ));
            }
        }
        Ok(())
    }
}
