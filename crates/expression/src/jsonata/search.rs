//! `$match`, `$replace` and `$split` with regular expressions, in linear time. The engine's own functions count through
//! the whole text for each match. The results are those of the engine's functions, with one exception: a match object
//! has no `next`, which only a function that is itself a matcher could use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jlens_core::{Bindings, Error, HostCall, HostFunction};
use regex::Captures;
use regex_automata::hybrid::dfa::Cache;
use serde_json::{Map, Value, json};

use super::limits::Limits;
use crate::pattern::Pattern;

type Arguments<'a> = &'a [Option<Value>];
type FunctionResult = Result<Option<Value>, Error>;

/// The name of the function that a regular expression becomes a call of. No variable of a state machine begins
/// like this.
pub(super) const EXECUTE: &str = "_rampmeter_execute";
/// Whether a function is a regular expression.
pub(super) const IS_PATTERN: &str = "_rampmeter_is_pattern";
pub(super) const MATCH: &str = "_rampmeter_match";
pub(super) const REPLACE: &str = "_rampmeter_replace";
pub(super) const SPLIT: &str = "_rampmeter_split";

/// The key with which the number of a regular expression is requested and returned.
const NUMBER: &str = "_rampmeter_number";

/// What finding one match costs besides the bytes that are examined.
const MATCH_COST: usize = 64;

/// The patterns of an expression, and how much its evaluation may still search.
struct Search {
    patterns: Arc<[Pattern]>,
    most: usize,
    /// An atomic only because the engine requires functions that can be shared between threads.
    left: AtomicUsize,
}

/// `bindings` with the functions that search.
pub(super) fn bind(bindings: Bindings, patterns: &Arc<[Pattern]>, limits: Limits) -> Bindings {
    let search = Arc::new(Search {
        patterns: Arc::clone(patterns),
        most: limits.searched_bytes,
        left: AtomicUsize::new(limits.searched_bytes),
    });
    let function = |arity, work: fn(&Search, Arguments<'_>, &HostCall<'_>) -> FunctionResult| {
        let search = Arc::clone(&search);
        HostFunction::new(arity, move |arguments, call| work(&search, arguments, call))
            .without_input()
    };
    bindings
        .function(EXECUTE, function(2, execute))
        .function(IS_PATTERN, function(1, is_pattern))
        .function(MATCH, function(3, matches))
        .function(REPLACE, function(4, replace))
        .function(SPLIT, function(3, split))
}

fn execute(search: &Search, arguments: Arguments<'_>, _: &HostCall<'_>) -> FunctionResult {
    let [Some(number), Some(asked), ..] = arguments else {
        return Ok(None);
    };
    let Some(text) = asked.as_str() else {
        return Ok(asked.get(NUMBER).map(|_| json!({ NUMBER: number })));
    };
    let first = number
        .as_u64()
        .and_then(|number| search.patterns.get(usize::try_from(number).ok()?))
        .map(|pattern| Matches::new(search, pattern, text).next())
        .transpose()?;
    Ok(first.flatten().map(|found| found.object()))
}

fn is_pattern(search: &Search, _: Arguments<'_>, call: &HostCall<'_>) -> FunctionResult {
    Ok(Some(Value::Bool(pattern_of(search, call, 0).is_some())))
}

/// The pattern that a function in an argument stands for, if it is a regular expression.
fn pattern_of<'s>(search: &'s Search, call: &HostCall<'_>, index: usize) -> Option<&'s Pattern> {
    let answer = call.function(index)?.call(&[Some(json!({ NUMBER: true }))]);
    let number = answer.ok()??.get(NUMBER)?.as_u64()?;
    search.patterns.get(usize::try_from(number).ok()?)
}

/// The text, the pattern and the limit of a call.
fn asked<'s, 'a>(
    search: &'s Search,
    arguments: Arguments<'a>,
    call: &HostCall<'_>,
    limit: usize,
    code: &str,
) -> Result<Option<(&'a str, &'s Pattern, f64)>, Error> {
    let limit_at = limit;
    let limit = arguments.get(limit_at).and_then(Option::as_ref);
    let limit = limit.and_then(Value::as_f64).unwrap_or(f64::INFINITY);
    let text = arguments.first().and_then(Option::as_ref);
    let (Some(text), Some(pattern)) = (text.and_then(Value::as_str), pattern_of(search, call, 1))
    else {
        return Ok(None);
    };
    if limit < 0.0 {
        let index = limit_at + 1;
        return Err(Error::new(code).with("value", limit).with("index", index));
    }
    Ok(Some((text, pattern, limit)))
}

fn matches(search: &Search, arguments: Arguments<'_>, call: &HostCall<'_>) -> FunctionResult {
    let Some((text, pattern, limit)) = asked(search, arguments, call, 2, "D3040")? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    for one in Matches::new(search, pattern, text).up_to(limit) {
        let one = one?;
        all.push(
            json!({ "match": one.text, "index": one.start, "groups": one.groups(&Value::Null) }),
        );
    }
    // A sequence: nothing for no matches, the match itself for one.
    Ok(match all.len() {
        0 => None,
        1 => all.pop(),
        _ => Some(Value::Array(all)),
    })
}

fn split(search: &Search, arguments: Arguments<'_>, call: &HostCall<'_>) -> FunctionResult {
    let Some((text, pattern, limit)) = asked(search, arguments, call, 2, "D3020")? else {
        return Ok(None);
    };
    let mut parts = Vec::new();
    let (mut at, mut count) = (0, 0.0);
    for one in Matches::new(search, pattern, text).up_to(limit) {
        let one = one?;
        parts.push(Value::from(&text[at..one.from]));
        at = one.to;
        count += 1.0;
    }
    if count < limit {
        parts.push(Value::from(&text[at..]));
    }
    Ok(Some(Value::Array(parts)))
}

fn replace(search: &Search, arguments: Arguments<'_>, call: &HostCall<'_>) -> FunctionResult {
    let Some((text, pattern, limit)) = asked(search, arguments, call, 3, "D3011")? else {
        return Ok(None);
    };
    let literal = arguments.get(2).and_then(Option::as_ref);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for one in Matches::new(search, pattern, text).up_to(limit) {
        let one = one?;
        let before = result.len();
        result.push_str(&text[at..one.from]);
        match (literal, call.function(2)) {
            (Some(Value::String(literal)), _) => one.substitute(literal, &mut result),
            (_, Some(function)) => match function.call(&[Some(one.object())])? {
                Some(Value::String(made)) => result.push_str(&made),
                Some(other) => return Err(Error::new("D3012").with("value", other)),
                None => return Err(Error::new("D3012")),
            },
            _ => return Err(Error::new("D3012")),
        }
        search.charge(result.len() - before)?;
        at = one.to;
        if result.len() > Limits::STATE.string_bytes {
            let most = Limits::STATE.string_bytes;
            let message = format!("The result of $replace may have {most} bytes");
            return Err(Error::new("U1001").with("message", message));
        }
    }
    result.push_str(&text[at..]);
    Ok(Some(Value::String(result)))
}

impl Search {
    fn charge(&self, bytes: usize) -> Result<(), Error> {
        let left = self.left.load(Ordering::Relaxed).checked_sub(bytes);
        self.left.store(left.unwrap_or(0), Ordering::Relaxed);
        left.map(drop).ok_or_else(|| {
            let message = format!(
                "The regular expressions of an evaluation may look at {} bytes",
                self.most
            );
            Error::new("U1001").with("message", message)
        })
    }
}

/// The matches of a pattern in a text, one after the other.
struct Matches<'s, 't> {
    search: &'s Search,
    pattern: &'s Pattern,
    text: &'t str,
    /// Where the next search begins, in bytes and in UTF-16 units; none at the end.
    next: Option<(usize, usize)>,
    is_first: bool,
    cache: Cache,
}

/// One match.
struct Match<'t> {
    text: &'t str,
    /// In bytes.
    from: usize,
    to: usize,
    /// In UTF-16 units, which JSONata counts in.
    start: usize,
    end: usize,
    captures: Captures<'t>,
}

impl<'s, 't> Matches<'s, 't> {
    fn new(search: &'s Search, pattern: &'s Pattern, text: &'t str) -> Self {
        Self {
            search,
            pattern,
            text,
            next: Some((0, 0)),
            is_first: true,
            cache: pattern.cache(),
        }
    }

    /// The matches up to a number. The one after the last is searched for too, as the engine does: it may be an
    /// error.
    fn up_to(mut self, limit: f64) -> impl Iterator<Item = Result<Match<'t>, Error>> {
        let mut ahead = if limit > 0.0 {
            self.next().transpose()
        } else {
            None
        };
        let mut count = 0.0;
        std::iter::from_fn(move || match ahead.take()? {
            Ok(_) if count >= limit => None,
            Ok(one) => {
                count += 1.0;
                ahead = self.next().transpose();
                Some(Ok(one))
            }
            error => Some(error),
        })
    }

    /// The next match. An empty match would never advance, which is an error in JSONata.
    fn next(&mut self) -> Result<Option<Match<'t>>, Error> {
        let Some((from, units)) = self.next.take() else {
            return Ok(None);
        };
        self.search
            .charge(self.pattern.looks_at(self.text, from, &mut self.cache) + MATCH_COST)?;
        let Some(captures) = self.pattern.captures_at(self.text, from) else {
            return Ok(None);
        };
        let (whole, text) = {
            let found = captures.get_match();
            (found.range(), found.as_str())
        };
        if whole.is_empty() && !self.is_first {
            return Err(Error::new("D1004").with("value", self.pattern.source()));
        }
        self.is_first = false;
        let start = units + self.text[from..whole.start].encode_utf16().count();
        let end = start + text.encode_utf16().count();
        self.next = (whole.end < self.text.len()).then_some((whole.end, end));
        Ok(Some(Match {
            text,
            from: whole.start,
            to: whole.end,
            start,
            end,
            captures,
        }))
    }
}

impl Match<'_> {
    /// What each group matched. The engine has nothing for a group that took no part; that becomes null in a
    /// result and an empty text in a replacement, so `otherwise` says which.
    fn groups(&self, otherwise: &Value) -> Vec<Value> {
        let groups = self.captures.iter().skip(1);
        groups
            .map(|group| {
                group.map_or_else(|| otherwise.clone(), |group| Value::from(group.as_str()))
            })
            .collect()
    }

    fn object(&self) -> Value {
        let mut object = Map::new();
        object.insert("match".to_owned(), Value::from(self.text));
        object.insert("start".to_owned(), Value::from(self.start));
        object.insert("end".to_owned(), Value::from(self.end));
        object.insert(
            "groups".to_owned(),
            Value::Array(self.groups(&Value::from(""))),
        );
        Value::Object(object)
    }

    /// Writes a replacement: `$0` is the match, `$1` its first group, `$$` a dollar sign. As many of the digits
    /// after a dollar sign count as name a group.
    fn substitute(&self, replacement: &str, result: &mut String) {
        let count = self.captures.len() - 1;
        let most_digits = count
            .checked_ilog10()
            .map_or(1, |digits| digits as usize + 1);
        let mut rest = replacement;
        while let Some((before, after)) = rest.split_once('$') {
            result.push_str(before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                result.push('$');
                rest = after;
            } else if let Some(after) = rest.strip_prefix('0') {
                result.push_str(self.text);
                rest = after;
            } else {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let number = |most: usize| rest[..digits.min(most)].parse::<usize>().ok();
                let mut index = number(most_digits);
                if most_digits > 1 && index.is_some_and(|index| index > count) {
                    index = number(most_digits - 1);
                }
                let Some(index) = index else {
                    result.push('$');
                    continue;
                };
                if let Some(group) = self.captures.get(index).filter(|_| index > 0) {
                    result.push_str(group.as_str());
                }
                rest = &rest[index.to_string().len()..];
            }
        }
        result.push_str(rest);
    }
}
