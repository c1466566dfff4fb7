//! Weighs the values of an evaluation and stops it when they add up to too much. The engine bounds
//! each string and each array, but not how many of them an expression makes or scans: ten thousand
//! strings of a megabyte are few steps, much memory and much time.

use jlens_core::CancelToken;
use jlens_core::ast::{Node, NodeKind};
use jlens_core::audit::{CaptureLimits, Outcome, Tracer, ValueRef};
use serde_json::Value;

/// What an item of an array or a field of an object takes beyond its own content.
const ITEM_BYTES: usize = 32;

/// What a function takes with the variables it holds. Functions that hold each other are freed one
/// inside the other, so their number is also how deep the stack must be: see [`super::program`].
pub(super) const FUNCTION_BYTES: usize = 1024;

/// Sees whole strings, and counts the items of arrays and objects without examining them.
const SIZE_ONLY: CaptureLimits = CaptureLimits {
    max_items: 0,
    max_string: usize::MAX,
    max_depth: 1,
    max_rejected: 0,
    max_nodes: 0,
    max_source: 0,
};

/// Sees the value of each part of an expression, each time it has one.
#[derive(Debug)]
pub(super) struct Weigher {
    left: usize,
    stop: CancelToken,
}

impl Weigher {
    /// A weigher that lets this many bytes pass and then stops the evaluation.
    pub(super) fn new(bytes: usize, stop: CancelToken) -> Self {
        Self { left: bytes, stop }
    }

    fn spend(&mut self, bytes: usize) {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                self.stop.cancel();
            }
        }
    }
}

impl Tracer for Weigher {
    fn exit(&mut self, node: &Node, outcome: Outcome<'_>) {
        if makes_function(&node.kind) {
            self.spend(FUNCTION_BYTES);
        } else if let Outcome::Value(value) = outcome {
            self.spend(weight(value));
        }
    }
}

/// Whether a part makes a function that was not there before. A thunk does not count: it is a call
/// instead of a loop and is gone with the next one.
fn makes_function(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Lambda(lambda) => !lambda.thunk,
        NodeKind::Partial { .. } | NodeKind::Transform(_) => true,
        _ => false,
    }
}

/// About how many bytes a value takes by itself, without what it shares with others.
fn weight(value: ValueRef<'_>) -> usize {
    if !matches!(value.type_name(), "string" | "array" | "object") {
        return 0;
    }
    match value.capture(&SIZE_ONLY) {
        Some(Value::String(text)) => text.len(),
        // What was left out is stated in the last part: "... 12 more".
        Some(Value::Array(items)) => left_out(items.last()) * ITEM_BYTES,
        Some(Value::Object(fields)) => left_out(fields.values().next_back()) * ITEM_BYTES,
        _ => 0,
    }
}

fn left_out(told: Option<&Value>) -> usize {
    let words = told.and_then(Value::as_str).unwrap_or_default();
    words
        .split(' ')
        .find_map(|word| word.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jlens_core::{Bindings, Expression, Options};

    use super::*;

    fn weight_of(source: &str) -> usize {
        let expression = Expression::compile(source).unwrap();
        let mut weigher = Weigher::new(usize::MAX, CancelToken::new());
        expression
            .evaluate_traced(None, &Bindings::new(), &Options::new(), &mut weigher)
            .unwrap();
        usize::MAX - weigher.left
    }

    #[test]
    fn strings_and_arrays_weigh_by_their_length() {
        assert_eq!(weight_of("1 + 1"), 0);
        assert_eq!(weight_of("'a' & 'bc'"), 1 + 2 + 3);
        assert_eq!(weight_of("$string(12345)"), 5);
        assert_eq!(weight_of("{'a': 1, 'b': 2}"), 2 * ITEM_BYTES + 2);
        assert!(weight_of("[1..10]") >= 10 * ITEM_BYTES);
    }

    #[test]
    fn too_much_pulls_the_cord() {
        let stop = CancelToken::new();
        let mut weigher = Weigher::new(10, stop.clone());
        weigher.spend(10);
        assert!(!stop.is_cancelled());
        weigher.spend(1);
        assert!(stop.is_cancelled());
    }
}
