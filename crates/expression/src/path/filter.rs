//! The filter of a path, `[?(@.status == 0 && !@.closed)]`: which items of an array it keeps.
//! Comparison follows AWS's library: values of different types are unequal and never in order.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::parse::{Cursor, quoted, steps};
use super::{Missing, PathError, Step, Visits, gather, select};

/// How deep conditions may nest.
const DEPTH_LIMIT: usize = 32;

/// A condition on one item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    /// The term finds something.
    Exists(Term),
    Compare(Term, Relation, Term),
    /// The left term is one of the right term's items (`in`), or is none of them (`nin`).
    In(Term, Term, bool),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    /// `@...`: below the item.
    Item(Vec<Step>),
    /// `$...`: below the root.
    Root(Vec<Step>),
    Literal(Value),
}

/// How two terms compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Filter {
    pub(super) fn keeps<'v>(&self, item: &'v Value, visits: &Visits<'v>) -> Result<bool, Missing> {
        match self {
            Self::Any(filters) => {
                for filter in filters {
                    if filter.keeps(item, visits)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::All(filters) => {
                for filter in filters {
                    if !filter.keeps(item, visits)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(filter) => Ok(!filter.keeps(item, visits)?),
            Self::Exists(term) => Ok(term.value(item, visits)?.is_some()),
            Self::Compare(left, relation, right) => {
                let (left, right) = (left.value(item, visits)?, right.value(item, visits)?);
                Ok(relation.holds(left.as_deref(), right.as_deref()))
            }
            Self::In(left, right, wanted) => {
                let (left, right) = (left.value(item, visits)?, right.value(item, visits)?);
                let items = right.as_deref().and_then(Value::as_array);
                let Some((items, left)) = items.zip(left.as_deref()) else {
                    return Ok(!wanted);
                };
                visits.budget.spend(items.len())?;
                let same = |other| Relation::Equal.holds(Some(left), Some(other));
                Ok(items.iter().any(same) == *wanted)
            }
        }
    }
}

impl Term {
    /// What the term stands for: nothing, one value, or the list an indefinite path finds.
    fn value<'b, 'f: 'b, 'v: 'b>(
        &'f self,
        item: &'v Value,
        visits: &Visits<'v>,
    ) -> Result<Option<Cow<'b, Value>>, Missing> {
        let (steps, from) = match self {
            Self::Literal(value) => return Ok(Some(Cow::Borrowed(value))),
            Self::Item(steps) => (steps, item),
            Self::Root(steps) => (steps, visits.root),
        };
        let found = select(steps, from, visits)?;
        let is_definite = steps
            .iter()
            .all(|step| matches!(step, Step::Child(_) | Step::Index(_)));
        Ok(match found.first() {
            None => None,
            Some(&first) if is_definite => Some(Cow::Borrowed(first)),
            Some(_) => Some(Cow::Owned(gather(&found, visits.budget)?)),
        })
    }
}

impl Relation {
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let order = left.zip(right).and_then(|(left, right)| order(left, right));
        match self {
            Self::Equal => order == Some(Ordering::Equal) || (order.is_none() && left == right),
            Self::Unequal => !Self::Equal.holds(left, right),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => crate::number::compare(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Reads the condition between the parentheses of a filter.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    any(cursor, 0)
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    if depth > DEPTH_LIMIT {
        return Err(cursor.fault("the condition nests too deep"));
    }
    let mut filters = vec![all(cursor, depth)?];
    loop {
        cursor.skip_spaces();
        if !cursor.take("||") {
            break;
        }
        filters.push(all(cursor, depth)?);
    }
    Ok(if filters.len() == 1 {
        filters.remove(0)
    } else {
        Filter::Any(filters)
    })
}

fn all(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    let mut filters = vec![condition(cursor, depth)?];
    loop {
        cursor.skip_spaces();
        if !cursor.take("&&") {
            break;
        }
        filters.push(condition(cursor, depth)?);
    }
    Ok(if filters.len() == 1 {
        filters.remove(0)
    } else {
        Filter::All(filters)
    })
}

fn condition(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    cursor.skip_spaces();
    if depth > DEPTH_LIMIT {
        return Err(cursor.fault("the condition nests too deep"));
    }
    if cursor.take("!") {
        return Ok(Filter::Not(Box::new(condition(cursor, depth + 1)?)));
    }
    if cursor.take("(") {
        let filter = any(cursor, depth + 1)?;
        cursor.skip_spaces();
        return if cursor.take(")") {
            Ok(filter)
        } else {
            Err(cursor.fault("')' is missing"))
        };
    }
    let left = term(cursor, depth)?;
    cursor.skip_spaces();
    if cursor.take("in ") || cursor.take("IN ") {
        return Ok(Filter::In(left, term(cursor, depth)?, true));
    }
    if cursor.take("nin ") || cursor.take("NIN ") {
        return Ok(Filter::In(left, term(cursor, depth)?, false));
    }
    match relation(cursor) {
        Some(relation) => Ok(Filter::Compare(left, relation, term(cursor, depth)?)),
        None => Ok(Filter::Exists(left)),
    }
}

fn relation(cursor: &mut Cursor<'_>) -> Option<Relation> {
    [
        ("===", Relation::Equal),
        ("!==", Relation::Unequal),
        ("==", Relation::Equal),
        ("!=", Relation::Unequal),
        ("<=", Relation::AtMost),
        (">=", Relation::AtLeast),
        ("<", Relation::Less),
        (">", Relation::Greater),
    ]
    .into_iter()
    .find_map(|(sign, relation)| cursor.take(sign).then_some(relation))
}

fn term(cursor: &mut Cursor<'_>, depth: usize) -> Result<Term, PathError> {
    cursor.skip_spaces();
    if cursor.take("@") {
        return Ok(Term::Item(steps(cursor)?));
    }
    if cursor.take("$") {
        return Ok(Term::Root(steps(cursor)?));
    }
    match cursor.peek() {
        Some('\'' | '"') => Ok(Term::Literal(Value::String(quoted(cursor)?))),
        Some('[') => list(cursor, depth),
        _ => {
            let word =
                cursor.take_while(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
            serde_json::from_str(word)
                .map(Term::Literal)
                .map_err(|_| cursor.fault("a value is missing"))
        }
    }
}

fn list(cursor: &mut Cursor<'_>, depth: usize) -> Result<Term, PathError> {
    if depth > DEPTH_LIMIT {
        return Err(cursor.fault("the list nests too deep"));
    }
    cursor.next();
    let mut items = Vec::new();
    cursor.skip_spaces();
    while !cursor.take("]") {
        match term(cursor, depth + 1)? {
            Term::Literal(value) => items.push(value),
            _ => return Err(cursor.fault("a list holds only literal values")),
        }
        cursor.skip_spaces();
        cursor.take(",");
        cursor.skip_spaces();
        if cursor.is_done() {
            return Err(cursor.fault("']' is missing"));
        }
    }
    Ok(Term::Literal(Value::Array(items)))
}
