//! What fairness promises, as somebody sees it who watches starts and knows nothing of counters.

use rampmeter_dispatch::{DeferralBound, MaxDeferrals, Priority, Waiting};

/// Watches the starts of a target.
#[derive(Clone, Debug)]
pub(crate) struct Bystander {
    bounds: MaxDeferrals,
    /// Starts in a row that passed each lane while it was eligible.
    passed: [usize; 3],
    /// For the last starts in a row at which HIGH was eligible, whether it started.
    high: Vec<bool>,
}

impl Bystander {
    pub(crate) fn new(bounds: MaxDeferrals) -> Bystander {
        Bystander {
            bounds,
            passed: [0; 3],
            high: Vec::new(),
        }
    }

    /// A call of `started` starts; `eligible` could have.
    pub(crate) fn sees(&mut self, started: Priority, eligible: Waiting) -> Result<(), String> {
        for lane in Priority::ALL {
            let passed = eligible.has(lane) && lane != started;
            self.passed[lane.index()] = if passed {
                self.passed[lane.index()] + 1
            } else {
                0
            };
        }
        if !eligible.has(Priority::High) {
            self.high.clear();
        } else {
            self.high.push(started == Priority::High);
        }
        self.nobody_starves()?;
        self.high_keeps_its_share()
    }

    /// An eligible lane with bound D starts within D + 2 starts. Of MEDIUM this is promised unless
    /// BATCH has the smaller bound, for then BATCH passes it more often.
    fn nobody_starves(&self) -> Result<(), String> {
        let (medium, batch) = (most(self.bounds.medium), most(self.bounds.batch));
        for (lane, bound) in [
            (
                Priority::Medium,
                medium.filter(|m| batch.is_none_or(|b| *m <= b)),
            ),
            (Priority::Batch, batch),
        ] {
            let passed = self.passed[lane.index()];
            if bound.is_some_and(|bound| passed > bound + 1) {
                return Err(format!(
                    "{lane} was eligible and passed {passed} times in a row"
                ));
            }
        }
        Ok(())
    }

    /// HIGH keeps D of every D + 2 starts while it is eligible, D being the smaller bound.
    fn high_keeps_its_share(&self) -> Result<(), String> {
        let bounds = [most(self.bounds.medium), most(self.bounds.batch)];
        let smallest = bounds.into_iter().flatten().min().unwrap_or(usize::MAX - 2);
        if let Some(start) = self.high.len().checked_sub(smallest + 2) {
            let kept = self.high[start..].iter().filter(|high| **high).count();
            if kept < smallest {
                return Err(format!("HIGH had {kept} of {} starts", smallest + 2));
            }
        }
        let unlimited = bounds == [None, None];
        if unlimited && self.high.contains(&false) {
            return Err("a lower lane passed HIGH under strict priority".to_owned());
        }
        Ok(())
    }
}

fn most(bound: DeferralBound) -> Option<usize> {
    match bound {
        DeferralBound::AtMost(most) => Some(most.get() as usize),
        DeferralBound::Unlimited => None,
    }
}
