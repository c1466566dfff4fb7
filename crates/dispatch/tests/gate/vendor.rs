//! The vendor's own count: it sees calls, not the gate, and counts each at a moment of its own
//! choice.

use rampmeter_dispatch::{CountFrom, Limit, LimitKind, Rules, Time};

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
        rules.limits.iter().try_for_each(|limit| match limit.kind {
            LimitKind::Concurrency { max } => self.judge_concurrency(limit, max as usize),
            LimitKind::Window { calls, per } => {
                let length =
                    i64::try_from(per.as_micros()).expect("a window is at most a month long");
                self.judge_window(limit, calls as usize, length)
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
