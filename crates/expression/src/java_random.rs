//! Numbers from a seed as Java's `java.util.Random` makes them: AWS runs on Java, and the same seed should give the same
//! number here and there. The algorithm is the linear congruential one of its documentation.

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

/// A generator.
pub(crate) struct JavaRandom(u64);

impl JavaRandom {
    pub(crate) fn of(seed: i64) -> Self {
        Self((seed.cast_unsigned() ^ MULTIPLIER) & MASK)
    }

    /// This many random bits, at most 32.
    fn next(&mut self, bits: u32) -> i64 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        (self.0 >> (48 - bits)).cast_signed()
    }

    /// From 0 up to but not including 1.
    pub(crate) fn next_double(&mut self) -> f64 {
        let bits = (self.next(26) << 27) + self.next(27);
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a double")]
        let share = bits as f64 / 9_007_199_254_740_992.0;
        share
    }

    /// From `start` up to but not including `end`, which are 32-bit integers and not the same.
    pub(crate) fn next_between(&mut self, start: i64, end: i64) -> i64 {
        let span = end - start;
        if span > i64::from(i32::MAX) {
            // Java draws until a 32-bit number is within the range.
            loop {
                let drawn = self.next(32);
                let signed = if drawn > i64::from(i32::MAX) {
                    drawn - (1 << 32)
                } else {
                    drawn
                };
                if (start..end).contains(&signed) {
                    return signed;
                }
            }
        }
        if span & (span - 1) == 0 {
            return start + ((span * self.next(31)) >> 31);
        }
        loop {
            let drawn = self.next(31);
            let rest = drawn % span;
            // A number in the incomplete last part of the range is drawn again.
            if drawn - rest + (span - 1) <= i64::from(i32::MAX) {
                return start + rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_of_java() {
        // As printed by `new Random(42).nextDouble()` and `new Random(42).nextInt(bound)`.
        let mut random = JavaRandom::of(42);
        assert!((random.next_double() - 0.727_563_680_032_868_1).abs() < 1e-16);
        assert_eq!(JavaRandom::of(42).next_between(0, 10), 0);
        assert_eq!(JavaRandom::of(42).next_between(5, 105), 35);
        assert_eq!(JavaRandom::of(0).next_between(0, 100), 60);
    }

    #[test]
    fn all_of_a_range_can_come() {
        let mut seen = [false; 7];
        for seed in 0..200 {
            let drawn = JavaRandom::of(seed).next_between(-3, 4);
            seen[usize::try_from(drawn + 3).unwrap()] = true;
        }
        assert_eq!(seen, [true; 7]);
        let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
        let drawn = JavaRandom::of(1).next_between(least, most);
        assert!((least..most).contains(&drawn));
    }
}
