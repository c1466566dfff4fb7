//! The filter of a path, `[?(@.status == 0 && !@.closed)]`: which items of an array it keeps.

use std::borrow::Cow;

use serde_json::Value;

use super::function::Function;
use super::operator::Operator;
use super::parse::{Cursor, quoted, walk};
use super::{Missing, PathError, Segment, Visits, gather, is_definite, select};
use crate::pattern::{MAX_PATTERN_BYTES, Pattern};

/// How deeply conditions may nest.
const DEPTH_LIMIT: usize = 32;

/// A condition on one item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    /// The term finds something.
    Exists(Term),
    Compare(Term, Operator, Term),
    /// The whole text of the term matches the regular expression (`=~`).
    Matches(Term, Pattern),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    /// `@...`: below the item.
    Item(Vec<Segment>, Option<Function>),
    /// `$...`: below the root.
    Root(Vec<Segment>, Option<Function>),
    Literal(Value),
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
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.value(item, visits)?, right.value(item, visits)?);
                visits
                    .budget
                    .spend(Operator::cost(left.as_deref(), right.as_deref()))?;
                Ok(operator.holds(left.as_deref(), right.as_deref()))
            }
            Self::Matches(term, pattern) => {
                let value = term.value(item, visits)?;
                let text = value.as_deref().and_then(Value::as_str);
                visits.budget.spend(text.map_or(0, str::len))?;
                Ok(text.is_some_and(|text| pattern.is_match(text)))
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
        let (steps, function, from) = match self {
            Self::Literal(value) => return Ok(Some(Cow::Borrowed(value))),
            Self::Item(steps, function) => (steps, function, item),
            Self::Root(steps, function) => (steps, function, visits.root),
        };
        let found = select(steps, from, visits)?;
        let found = match found.first() {
            None => return Ok(None),
            Some(&first) if is_definite(steps) => Cow::Borrowed(first),
            Some(_) => Cow::Owned(gather(&found, visits.budget)?),
        };
        Ok(match function {
            None => Some(found),
            // A sum of nothing is nothing to compare with.
            Some(function) => function.apply(&found, visits).ok().map(Cow::Owned),
        })
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
    if cursor.take("=~") {
        cursor.skip_spaces();
        return Ok(Filter::Matches(left, regex(cursor)?));
    }
    let Some((operator, length)) = Operator::at_start_of(cursor.rest()) else {
        return Ok(Filter::Exists(left));
    };
    cursor.advance(length);
    Ok(Filter::Compare(left, operator, term(cursor, depth)?))
}

/// Reads `/pattern/flags`. A slash in the pattern is written `\\/`.
fn regex(cursor: &mut Cursor<'_>) -> Result<Pattern, PathError> {
    if !cursor.take("/") {
        return Err(cursor.fault("a regular expression stands between slashes"));
    }
    let start = cursor.position();
    let source = loop {
        match cursor.next() {
            Some('\\') => drop(cursor.next()),
            Some('/') => break cursor.since(start),
            Some(_) => {}
            None => return Err(cursor.fault("'/' is missing")),
        }
    };
    let source = &source[..source.len() - 1];
    if source.len() > MAX_PATTERN_BYTES {
        return Err(cursor.fault("the regular expression is too long"));
    }
    let flags = cursor.take_while(|char| char.is_ascii_alphabetic());
    Pattern::whole(source, flags).map_err(|_| {
        cursor.fault(
            "this regular expression is not supported: write it without lookaround and back references",
        )
    })
}

fn term(cursor: &mut Cursor<'_>, depth: usize) -> Result<Term, PathError> {
    cursor.skip_spaces();
    if cursor.take("@") {
        let (steps, function) = walk(cursor)?;
        return Ok(Term::Item(steps, function));
    }
    if cursor.take("$") {
        let (steps, function) = walk(cursor)?;
        return Ok(Term::Root(steps, function));
    }
    match cursor.peek() {
        Some('\'' | '"') => Ok(Term::Literal(Value::String(quoted(cursor)?))),
        Some('[') => list(cursor, depth),
        _ => {
            let word = cursor
                .take_while(|char| !(char.is_whitespace() || ",()[]{}&|<>=!'\"/\\".contains(char)));
            match serde_json::from_str(word) {
                Ok(value) => Ok(Term::Literal(value)),
                // A text without quotes, as it occurs in published definitions.
                Err(_) if word.starts_with(|char: char| char == '_' || char.is_alphabetic()) => {
                    Ok(Term::Literal(Value::String(word.to_owned())))
                }
                Err(_) if cursor.peek() == Some('>') => {
                    Err(cursor.fault("write '!=' for unequal, '>=' and '<=' to compare"))
                }
                Err(_) => Err(cursor.fault("a value is missing: write a text in quotes")),
            }
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
