//! JSONPath as Step Functions has it: what a path is, and finding what it points to. A definite path
//! finds one value or fails; any other finds a list, which may be empty. The words of a failure are
//! those of the library AWS uses, because they end up in the cause that a user reads.

mod filter;
mod function;
mod operator;
mod parse;
mod reference;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use self::filter::Filter;
use self::function::Function;
pub(crate) use self::parse::{Cursor, path_prefix};
pub use self::reference::ReferencePath;
use crate::budget::{Budget, Exhausted, text_size};

/// A parsed path.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<Segment>,
    function: Option<Function>,
}

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`: the state's input.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Segment {
    /// `.name` or `['name']`.
    Child(String),
    /// `[3]`; a negative index counts from the end.
    Index(i64),
    /// `['a','b']`.
    Children(Vec<String>),
    /// `[0,2]`.
    Indices(Vec<i64>),
    /// `[start:end:step]`.
    Slice(Slice),
    /// `.*` or `[*]`.
    Wildcard,
    /// `..`: the value and all below it, to which the next step applies.
    Descendants,
    /// `[?(...)]`.
    Filter(Filter),
}

/// A range of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
}

/// A text that is not a path. What can be done about it follows a colon in the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    reason: &'static str,
    position: usize,
}

impl std::error::Error for PathError {}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason.split_once(": ") {
            Some((what, way_out)) => {
                write!(f, "{what} at character {}: {way_out}", self.position)
            }
            None => write!(f, "{} at character {}", self.reason, self.position),
        }
    }
}

/// A path that points to nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Missing {
    reason: String,
}

impl From<Exhausted> for Missing {
    fn from(_: Exhausted) -> Self {
        Self {
            reason: "The expressions of the state do too much work".to_owned(),
        }
    }
}

impl Missing {
    /// A variable that was never assigned has no value at all, not even null.
    pub fn variable(name: &str) -> Self {
        Self {
            reason: format!("The variable '${name}' is not assigned"),
        }
    }
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse::path(text)
    }

    /// `$`.
    pub fn input() -> Self {
        Self {
            text: "$".to_owned(),
            root: Root::Input,
            steps: Vec::new(),
            function: None,
        }
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it starts from.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether it is exactly `$`, which needs no copy of the data.
    pub fn is_input(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty() && self.function.is_none()
    }

    /// Whether it points to one place, whatever the data.
    pub fn is_definite(&self) -> bool {
        is_definite(&self.steps)
    }

    /// Whether the value at `names` below the root can be part of what it finds.
    pub fn may_reach(&self, names: &[&str]) -> bool {
        for (position, name) in names.iter().enumerate() {
            match self.steps.get(position) {
                Some(Segment::Child(child)) if child == name => {}
                Some(Segment::Child(_)) => return false,
                _ => return true,
            }
        }
        true
    }

    /// Whether it starts with exactly these names.
    pub fn starts_with(&self, names: &[&str]) -> bool {
        self.steps.len() >= names.len()
            && self
                .steps
                .iter()
                .zip(names)
                .all(|(step, name)| matches!(step, Segment::Child(child) if child == name))
    }

    /// What it points to below `root`.
    pub fn find<'v>(&self, root: &'v Value, budget: &Budget) -> Result<Cow<'v, Value>, Missing> {
        self.find_after(&[], root, budget)
    }

    /// What it points to, when `root` is already the value at its first `names`.
    pub fn find_after<'v>(
        &self,
        names: &[&str],
        root: &'v Value,
        budget: &Budget,
    ) -> Result<Cow<'v, Value>, Missing> {
        let steps = self.steps.get(names.len()..).unwrap_or_default();
        budget.spend(1 + steps.len())?;
        let found = if self.is_definite() {
            let value = find_one(names, steps, root)?;
            if self.function.is_none() {
                return Ok(Cow::Borrowed(value));
            }
            Found::One(value)
        } else {
            Found::Many(select(steps, root, &Visits { root, budget })?)
        };
        let visits = Visits { root, budget };
        let value = match (&self.function, &found) {
            (Some(function), found) => self.called(function, found, &visits)?,
            (None, Found::Many(values)) => gather(values, budget)?,
            (None, Found::One(value)) => Value::clone(value),
        };
        Ok(Cow::Owned(value))
    }

    /// What the function at the end makes of what was found: of the whole list if the path searches all levels,
    /// otherwise of each value by itself, as AWS's library does.
    fn called(
        &self,
        function: &Function,
        found: &Found<'_>,
        visits: &Visits<'_>,
    ) -> Result<Value, Missing> {
        match found {
            Found::One(value) => function.apply(value, visits),
            Found::Many(values) if self.steps.contains(&Segment::Descendants) => {
                function.apply(&gather(values, visits.budget)?, visits)
            }
            Found::Many(values) => {
                let each = values.iter().map(|value| function.apply(value, visits));
                each.collect::<Result<_, _>>().map(Value::Array)
            }
        }
    }
}

/// What the steps of a path lead to.
enum Found<'v> {
    One(&'v Value),
    Many(Vec<&'v Value>),
}

/// Whether steps lead to one place, whatever the data.
fn is_definite(steps: &[Segment]) -> bool {
    steps
        .iter()
        .all(|step| matches!(step, Segment::Child(_) | Segment::Index(_)))
}

/// What definite steps lead to, when `root` is already the value at the first `names` of the path.
fn find_one<'v>(names: &[&str], steps: &[Segment], root: &'v Value) -> Result<&'v Value, Missing> {
    let mut value = root;
    for (at, step) in steps.iter().enumerate() {
        value = one_step(step, value).map_err(|lost| {
            let is_last = at + 1 == steps.len();
            lost.missing(names, &steps[..=at], is_last)
        })?;
    }
    Ok(value)
}

/// A list of what was found. Copied only after it is known to be within the budget: nested results
/// hold the same data many times.
fn gather(found: &[&Value], budget: &Budget) -> Result<Value, Missing> {
    for value in found {
        budget.spend(text_size(value))?;
    }
    Ok(Value::Array(
        found.iter().map(|&value| value.clone()).collect(),
    ))
}

/// The values that steps lead to from one value. Steps that lead nowhere lead to no values.
fn select<'v>(
    steps: &[Segment],
    from: &'v Value,
    visits: &Visits<'v>,
) -> Result<Vec<&'v Value>, Missing> {
    let mut nodes = vec![from];
    for step in steps {
        let mut next = Vec::new();
        for node in nodes {
            many_steps(step, node, visits, &mut next)?;
        }
        nodes = next;
    }
    Ok(nodes)
}

/// What evaluating one path may still cost, and the root that its filters can refer to.
struct Visits<'v> {
    root: &'v Value,
    budget: &'v Budget,
}

/// Why a step leads nowhere. The words for it are put together only where they are needed.
enum Lost<'v> {
    NoObject(&'v Value),
    NoArray(&'v Value),
    Absent,
}

fn one_step<'v>(step: &Segment, value: &'v Value) -> Result<&'v Value, Lost<'v>> {
    match step {
        Segment::Child(name) => {
            let fields = value.as_object().ok_or(Lost::NoObject(value))?;
            fields.get(name).ok_or(Lost::Absent)
        }
        Segment::Index(index) => {
            let items = value.as_array().ok_or(Lost::NoArray(value))?;
            position(*index, items.len())
                .and_then(|at| items.get(at))
                .ok_or(Lost::Absent)
        }
        _ => unreachable!("a definite path has only names and indices"),
    }
}

impl Lost<'_> {
    /// In the words of AWS's library. The last of the steps is the one that led nowhere.
    fn missing(self, names: &[&str], steps: &[Segment], is_last: bool) -> Missing {
        let Some((step, before)) = steps.split_last() else {
            unreachable!("only a step leads nowhere")
        };
        let reason = match self {
            Self::NoObject(value) => format!(
                "Expected to find an object with property {} in path {} but found {}",
                written(step),
                trail(names, before),
                kind(value)
            ),
            Self::NoArray(value) => format!(
                "Filter: {} can only be applied to arrays. Current context is: {value}",
                written(step)
            ),
            Self::Absent if is_last || matches!(step, Segment::Index(_)) => {
                format!("No results for path: {}", trail(names, steps))
            }
            Self::Absent => format!("Missing property in path {}", trail(names, steps)),
        };
        Missing { reason }
    }
}

/// The way from the root, in brackets.
fn trail(names: &[&str], steps: &[Segment]) -> String {
    let mut trail = String::from("$");
    trail.extend(names.iter().map(|name| quote(name)));
    trail.extend(steps.iter().map(written));
    trail
}

/// A step of a definite path, in brackets.
fn written(step: &Segment) -> String {
    match step {
        Segment::Child(name) => quote(name),
        Segment::Index(index) => format!("[{index}]"),
        _ => unreachable!("a definite path has only names and indices"),
    }
}

fn quote(name: &str) -> String {
    format!("['{name}']")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The position that an index means in an array of `len` items; negative ones count from the end.
fn position(index: i64, len: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok().filter(|&at| at < len)
    } else {
        len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    }
}

fn many_steps<'v>(
    step: &Segment,
    node: &'v Value,
    visits: &Visits<'v>,
    next: &mut Vec<&'v Value>,
) -> Result<(), Missing> {
    let before = next.len();
    match step {
        Segment::Child(name) => next.extend(node.as_object().and_then(|fields| fields.get(name))),
        Segment::Children(names) => {
            let fields = node.as_object();
            next.extend(names.iter().filter_map(|name| fields?.get(name)));
        }
        Segment::Index(index) => next.extend(item(node, *index)),
        Segment::Indices(indices) => {
            next.extend(indices.iter().filter_map(|&index| item(node, index)));
        }
        Segment::Slice(slice) => {
            if let Value::Array(items) = node {
                next.extend(slice.positions(items.len()).filter_map(|at| items.get(at)));
            }
        }
        Segment::Wildcard => children(node, next),
        Segment::Descendants => descend(node, visits, next)?,
        Segment::Filter(filter) => {
            let mut candidates = Vec::new();
            match node {
                Value::Array(items) => candidates.extend(items),
                other => candidates.push(other),
            }
            for candidate in candidates {
                visits.budget.spend(1)?;
                if filter.keeps(candidate, visits)? {
                    next.push(candidate);
                }
            }
        }
    }
    Ok(visits.budget.spend(1 + next.len() - before)?)
}

fn item(node: &Value, index: i64) -> Option<&Value> {
    let items = node.as_array()?;
    items.get(position(index, items.len())?)
}

fn children<'v>(node: &'v Value, next: &mut Vec<&'v Value>) {
    match node {
        Value::Array(items) => next.extend(items),
        Value::Object(fields) => next.extend(fields.values()),
        _ => {}
    }
}

fn descend<'v>(
    node: &'v Value,
    visits: &Visits<'v>,
    next: &mut Vec<&'v Value>,
) -> Result<(), Missing> {
    visits.budget.spend(1)?;
    next.push(node);
    let mut below = Vec::new();
    children(node, &mut below);
    for child in below {
        descend(child, visits, next)?;
    }
    Ok(())
}

impl Slice {
    fn positions(self, len: usize) -> impl Iterator<Item = usize> {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        let clamp = |index: i64| {
            if index < 0 {
                (len + index).max(0)
            } else {
                index.min(len)
            }
        };
        let start = self.start.map_or(0, clamp);
        let end = self.end.map_or(len, clamp);
        let step = usize::try_from(self.step).unwrap_or(1).max(1);
        (start..end.max(start))
            .step_by(step)
            .filter_map(|at| usize::try_from(at).ok())
    }
}
