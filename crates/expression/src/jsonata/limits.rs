//! How much one evaluation may do. Everything is counted, nothing is timed, so that an expression that
//! fails here fails at the same place everywhere.

use crate::budget::Reach;

/// The bounds of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: each part of the expression that is evaluated, each callback, each 1,024 steps of a
    /// regular expression.
    pub steps: u64,
    /// How deeply functions may call each other.
    pub depth: usize,
    /// Bytes of UTF-8 of one string that the evaluation builds.
    pub string_bytes: usize,
    /// Items of one array that the evaluation builds.
    pub array_items: usize,
    /// Bytes of JSON text of the result, and of the arguments of AWS's own functions.
    pub result_bytes: usize,
    /// Bytes of all strings and arrays that the parts of the expression have as values, one after the
    /// other, whether or not the evaluation still holds them.
    pub touched_bytes: usize,
    /// Bytes that all regular expressions of the evaluation look at, a text counted again for each time that it is searched.
    pub searched_bytes: usize,
}

impl Limits {
    /// What a state may use: far more than 256 KiB of data needs, far less than would hold up other
    /// executions.
    pub const STATE: Self = Self {
        steps: 20_000_000,
        depth: 2_000,
        string_bytes: 4 * 1024 * 1024,
        array_items: 1_000_000,
        result_bytes: 16 * 1024 * 1024,
        touched_bytes: 256 * 1024 * 1024,
        searched_bytes: 128 * 1024 * 1024,
    };

    /// What an evaluation may use if others must not wait for it: so few steps, each on so little data, that nothing has to
    /// be weighed.
    const BRIEF: Self = Self {
        steps: Self::UNWEIGHED_STEPS,
        string_bytes: 64 * 1024,
        array_items: 1024,
        result_bytes: 512 * 1024,
        touched_bytes: 1024 * 1024,
        searched_bytes: 128 * 1024,
        ..Self::STATE
    };

    /// What ordinary work on a state's data stays within. An evaluation that needs more comes after
    /// everything else.
    const LONG: Self = Self {
        steps: 200_000,
        touched_bytes: 32 * 1024 * 1024,
        searched_bytes: 16 * 1024 * 1024,
        ..Self::STATE
    };

    /// What a reach allows.
    pub(super) fn of(reach: Reach) -> Self {
        match reach {
            Reach::Brief => Self::BRIEF,
            Reach::Long => Self::LONG,
            Reach::Full => Self::STATE,
        }
    }

    /// The steps after which an evaluation is restarted under the weigher. Until then the bounds on
    /// each single string and array suffice, and the evaluation runs at full speed.
    pub(super) const UNWEIGHED_STEPS: u64 = 512;

    /// The bounds of the steps that are not weighed: `UNWEIGHED_STEPS` times these is what they can
    /// build.
    pub(super) fn unweighed(self) -> Self {
        Self {
            steps: self.steps.min(Self::UNWEIGHED_STEPS),
            string_bytes: self.string_bytes.min(256 * 1024),
            array_items: self.array_items.min(16 * 1024),
            ..self
        }
    }

    /// The bounds of an expression with a regular expression that needs backtracking, of which each step
    /// stands for up to 1,024 of its own.
    pub(super) fn searching(self) -> Self {
        Self {
            steps: self.steps.min(100_000),
            ..self
        }
    }

    /// The longest text, in bytes, that `$replace`, `$match` and `$split` search with a regular
    /// expression that needs backtracking. The engine counts through the text again for each match, so the time
    /// grows with the square of the length.
    pub(super) const BACKTRACKED_BYTES: usize = 16 * 1024;

    /// The bounds of an expression that passes built-in functions around as values: the engine
    /// calls those without telling the weigher, so a whole array of their results must be harmless.
    pub(super) fn unseen(self) -> Self {
        Self {
            steps: self.steps.min(65_536),
            string_bytes: self.string_bytes.min(16 * 1024),
            array_items: self.array_items.min(16 * 1024),
            ..self
        }
    }
}
