//! The rules of a Choice state and when they hold. A test on a value of another type does not hold;
//! a test on a missing value is an error, except for `IsPresent`.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use rampmeter_expression::Scope;
use rampmeter_expression::number;
use rampmeter_expression::path::Path;
use rampmeter_expression::timestamp;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test { variable: Path, test: Test },
}

/// What is tested about a variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Text(Comparison, Operand<String>),
    Number(Comparison, Operand<Number>),
    Time(Comparison, Operand<Timestamp>),
    Boolean(Operand<bool>),
    Matches(Pattern),
    IsPresent(bool),
    Is(ValueKind, bool),
}

/// A kind of value that `Is...` tests for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Null,
    Boolean,
    Number,
    Text,
    Time,
}

/// The second half of an operator's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// What a variable is compared to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand<T> {
    Literal(T),
    Path(Path),
}

/// A `StringMatches` pattern: `*` stands for any text, `\*` for a star, `\\` for a backslash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The texts between the stars.
    pieces: Vec<String>,
}

/// A rule names a value that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoValue {
    pub(crate) path: String,
}

impl Condition {
    /// Whether the condition holds.
    pub(crate) fn holds(&self, scope: &dyn Scope) -> Result<bool, NoValue> {
        match self {
            Self::And(conditions) => {
                for condition in conditions {
                    if !condition.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(conditions) => {
                for condition in conditions {
                    if condition.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(condition) => Ok(!condition.holds(scope)?),
            Self::Test {
                variable,
                test: Test::IsPresent(wanted),
            } => Ok(scope.look(variable).is_ok() == *wanted),
            Self::Test { variable, test } => test.holds(&*value(variable, scope)?, scope),
        }
    }
}

fn value<'a>(path: &Path, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, NoValue> {
    scope.look(path).map_err(|_| NoValue {
        path: path.text().to_owned(),
    })
}

impl Test {
    fn holds(&self, variable: &Value, scope: &dyn Scope) -> Result<bool, NoValue> {
        Ok(match self {
            Self::Text(comparison, operand) => {
                let right = operand.resolve(scope, |value| value.as_str().map(str::to_owned))?;
                comparison.holds(variable.as_str().zip(right).map(|(left, right)| {
                    // Java compares UTF-16 units, and AWS compares as Java does.
                    left.encode_utf16().cmp(right.encode_utf16())
                }))
            }
            Self::Number(comparison, operand) => {
                let right = operand.resolve(scope, |value| value.as_number().cloned())?;
                let pair = variable.as_number().zip(right);
                comparison.holds(pair.and_then(|(left, right)| number::compare(left, &right)))
            }
            Self::Time(comparison, operand) => {
                let right = operand.resolve(scope, time)?;
                comparison.holds(
                    time(variable)
                        .zip(right)
                        .map(|(left, right)| left.cmp(&right)),
                )
            }
            Self::Boolean(operand) => {
                let right = operand.resolve(scope, Value::as_bool)?;
                right.is_some() && variable.as_bool() == right
            }
            Self::Matches(pattern) => variable.as_str().is_some_and(|text| pattern.matches(text)),
            Self::IsPresent(wanted) => *wanted,
            Self::Is(kind, wanted) => kind.includes(variable) == *wanted,
        })
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(timestamp::parse)
}

impl ValueKind {
    fn includes(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Time => time(value).is_some(),
        }
    }
}

impl Comparison {
    fn holds(self, order: Option<Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Self::Equals => order.is_eq(),
            Self::LessThan => order.is_lt(),
            Self::GreaterThan => order.is_gt(),
            Self::LessThanEquals => order.is_le(),
            Self::GreaterThanEquals => order.is_ge(),
        })
    }
}

impl<T: Clone> Operand<T> {
    /// The operand's value; None when its path leads to a value of another type.
    fn resolve(
        &self,
        scope: &dyn Scope,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, NoValue> {
        match self {
            Self::Literal(literal) => Ok(Some(literal.clone())),
            Self::Path(path) => Ok(read(&*value(path, scope)?)),
        }
    }
}

impl Pattern {
    /// Reads a pattern. A backslash before any other character stands for itself.
    pub(crate) fn parse(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let piece = pieces.last_mut().expect("a pattern has at least one piece");
            match char {
                '*' => pieces.push(String::new()),
                '\\' => match chars.next_if(|&next| next == '*' || next == '\\') {
                    Some(escaped) => piece.push(escaped),
                    None => piece.push('\\'),
                },
                other => piece.push(other),
            }
        }
        Self { pieces }
    }

    /// Whether the whole text matches. Linear in the pieces: each takes the first position that it
    /// finds.
    fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|piece| piece == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            let Some(at) = rest.find(piece.as_str()) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_its_stars_say() {
        for (pattern, text, matches) in [
            ("log-*.txt", "log-2024.txt", true),
            ("log-*.txt", "log-2024.csv", false),
            ("log-*.txt", "a log-2024.txt", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*a", "aba", true),
            ("", "", true),
            ("", "x", false),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"a\\*", r"a\bc", true),
            ("**x", "x", true),
        ] {
            assert_eq!(
                Pattern::parse(pattern).matches(text),
                matches,
                "{pattern} on {text}"
            );
        }
    }
}
