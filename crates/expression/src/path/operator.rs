//! The operators of filters, `@.status in ['new', 'open']`: those of the library that AWS uses. Comparison follows it
//! too: values of different types are unequal and never in order.

use std::cmp::Ordering;

use serde_json::Value;

/// The operator between two terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// The left is one of the right's items.
    In,
    NotIn,
    /// The left, a list or a text, contains the right.
    Contains,
    /// The left's items include all of the right's.
    All,
    /// All of the left's items are among the right's.
    SubsetOf,
    /// One of the left's items is among the right's.
    AnyOf,
    NoneOf,
    /// The left, a list or a text, is as long as the right says.
    Size,
    /// The left, a list or a text, is empty or is not, as the right says.
    Empty,
}

/// Signs before words, longer before shorter.
const ALL: [(&str, Operator); 17] = [
    ("===", Operator::Equal),
    ("!==", Operator::Unequal),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("contains", Operator::Contains),
    ("all", Operator::All),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

impl Operator {
    /// The operator that a text begins with, and the length of its name. A word ends with a blank or a quote.
    pub(super) fn at_start_of(text: &str) -> Option<(Self, usize)> {
        ALL.into_iter().find_map(|(name, operator)| {
            let is_word = name.starts_with(char::is_alphabetic);
            let found = text.get(..name.len())?;
            let after = text[name.len()..].chars().next();
            let ends = !is_word || after.is_some_and(|next| !next.is_alphanumeric());
            (found.eq_ignore_ascii_case(name) && ends).then_some((operator, name.len()))
        })
    }

    /// How many comparisons it takes at most.
    pub(super) fn cost(left: Option<&Value>, right: Option<&Value>) -> usize {
        let items = |value: Option<&Value>| value.and_then(Value::as_array).map_or(1, Vec::len);
        items(left).saturating_mul(items(right))
    }

    /// Whether it holds between two terms; a term may stand for nothing.
    pub(super) fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let order = left.zip(right).and_then(|(left, right)| order(left, right));
        match self {
            Self::Equal => order == Some(Ordering::Equal) || (order.is_none() && left == right),
            Self::Unequal => !Self::Equal.holds(left, right),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            _ => left
                .zip(right)
                .is_some_and(|(left, right)| self.relates(left, right)),
        }
    }

    fn relates(self, left: &Value, right: &Value) -> bool {
        let lists = left.as_array().zip(right.as_array());
        match self {
            Self::In => right.as_array().is_some_and(|items| has(items, left)),
            Self::NotIn => right.as_array().is_some_and(|items| !has(items, left)),
            Self::Contains => match (left, right) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                (Value::Array(items), part) => has(items, part),
                _ => false,
            },
            Self::All => {
                lists.is_some_and(|(left, right)| right.iter().all(|item| has(left, item)))
            }
            Self::SubsetOf => {
                lists.is_some_and(|(left, right)| left.iter().all(|item| has(right, item)))
            }
            Self::AnyOf => {
                lists.is_some_and(|(left, right)| left.iter().any(|item| has(right, item)))
            }
            Self::NoneOf => {
                lists.is_some_and(|(left, right)| !left.iter().any(|item| has(right, item)))
            }
            Self::Size => {
                length(left).is_some_and(|length| right.as_u64() == u64::try_from(length).ok())
            }
            _ => length(left).is_some_and(|length| right.as_bool() == Some(length == 0)),
        }
    }
}

fn has(items: &[Value], wanted: &Value) -> bool {
    items
        .iter()
        .any(|item| Operator::Equal.holds(Some(item), Some(wanted)))
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.encode_utf16().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => crate::number::compare(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
