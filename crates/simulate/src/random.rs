//! The random numbers of a simulation. Each decision has a stream of its own, named by the seed, the question, the call
//! and its attempt: two runs that differ only in a limit ask the same questions of every call and get the same numbers,
//! so any difference between them comes from the limit.

/// Which question a stream of numbers answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// When calls arrive.
    Arrivals = 1,
    /// How long a call takes.
    Duration = 2,
    /// What becomes of a call.
    Fate = 3,
    /// When others use the account, and for how long.
    Foreign = 4,
    /// How the target's pauses are spread.
    Jitter = 5,
    /// How the waits before repeats are spread.
    BackOff = 6,
}

/// A stream of random numbers: SplitMix64 (Steele, Lea and Flood, 2014), the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The stream for a question about one thing; `attempt` tells repeated questions apart.
    pub(crate) fn of(seed: u64, question: Question, thing: u64, attempt: u64) -> Random {
        let mut state = seed;
        for part in [question as u64, thing, attempt] {
            let mixed = Random { state }.next();
            state = mixed ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        Random { state }
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number above 0 and at most 1, so that its logarithm exists.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or(0)
    }

    /// The time to the next event of a Poisson process, in seconds.
    pub(crate) fn exponential(&mut self, per_second: f64) -> f64 {
        -self.unit().ln() / per_second
    }

    /// A standard normal number (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_in_every_part_of_their_name() {
        let first =
            |seed, question, thing, attempt| Random::of(seed, question, thing, attempt).next();
        let one = first(1, Question::Fate, 2, 3);
        assert_eq!(one, first(1, Question::Fate, 2, 3));
        for other in [
            first(2, Question::Fate, 2, 3),
            first(1, Question::Duration, 2, 3),
            first(1, Question::Fate, 3, 2),
            first(1, Question::Fate, 2, 4),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_numbers_have_the_moments_of_their_distributions() {
        let mut random = Random::of(7, Question::Arrivals, 0, 0);
        let count = 100_000;
        let (mut gaps, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            gaps += random.exponential(4.0);
            let normal = random.normal();
            sum += normal;
            squares += normal * normal;
        }
        let count = f64::from(count);
        assert!((gaps / count - 0.25).abs() < 0.005, "{gaps}");
        assert!((sum / count).abs() < 0.02, "{sum}");
        assert!((squares / count - 1.0).abs() < 0.02, "{squares}");
    }
}
