//! How a vendor is asked what it allows, for vendors that can be asked. A person decides whether to ask: it is a call, and
//! the vendor counts it.

use serde_json::Value;

/// One or two calls of GET, and how the last answer is read.
#[derive(Clone, Copy, Debug)]
pub struct LimitInquiry {
    /// The first path, below the base URL.
    pub path: &'static str,
    /// The path of the second call, from the answer to the first; none if the first answer is already the last.
    pub then: Option<fn(&Value) -> Option<String>>,
    /// Reads the body of the last answer.
    pub read: fn(&Value) -> Vec<AllowedCalls>,
}

/// One limit of the vendor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedCalls {
    /// What it bounds, in words.
    pub name: &'static str,
    /// What it counts.
    pub counted: Counted,
    /// How many the vendor allows.
    pub allowed: u64,
    /// How many are used already, by anybody, where the vendor says so.
    pub used: Option<u64>,
    /// It is the one that our calls meet first; others of the same kind are shown beside it.
    pub binding: bool,
}

/// What a vendor's limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Calls in flight.
    Concurrency,
    /// Calls in 24 hours.
    Day,
}
