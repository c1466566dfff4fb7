//! A compiled JSONata expression and its evaluation within limits. It hides the engine beneath, which
//! only the files of this folder know.

use std::collections::BTreeSet;
use std::sync::Arc;

use jlens_core::reads::Read;
use jlens_core::{Bindings, CancelToken, Expression, Options};
use serde_json::{Map, Value};

use super::distinct;
use super::functions;
use super::guards;
use super::limits::Limits;
use super::references;
use super::rewrite::{Rewritten, rewrite};
use super::search;
use super::weigher::{FUNCTION_BYTES, Weigher};
use crate::pattern::Pattern;

/// An expression that compiled. It can be evaluated any number of times and shared between threads.
#[derive(Clone, Debug)]
pub struct Program {
    source: String,
    expression: Expression,
    /// The form that a state machine runs: rewritten by [`super::rewrite`] and behind the guards of
    /// [`super::guards`], if it needs that.
    guarded: Option<Expression>,
    /// The regular expressions in `guarded`, by their numbers.
    patterns: Arc<[Pattern]>,
    /// Each name that follows a `$` anywhere in the text: all variables it can read, and more.
    names: BTreeSet<String>,
    /// The `$states` it reads, if its parts could be told apart.
    states: Option<Read>,
    /// The variables that it reads without having bound them.
    free: BTreeSet<String>,
    /// Which bounds hold for `guarded`, and for the expression as it is written.
    uncounted: [Uncounted; 2],
}

/// What an expression does that the engine does not count.
#[derive(Clone, Copy, Debug)]
struct Uncounted {
    /// Built-in functions are used as values.
    hands_about_functions: bool,
    /// There are regular expressions that need backtracking.
    backtracks: bool,
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

/// Which functions an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Those of the language alone.
    Plain,
    /// With those that AWS adds, and without `$eval`.
    Aws,
}

/// What an evaluation starts from.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    /// The document that `$` and `$$` stand for; none in a state machine.
    pub input: Option<&'a Value>,
    /// The variables, without their `$`.
    pub variables: Map<String, Value>,
    /// The time, in milliseconds since 1970, for `$now` and `$millis`.
    pub now: i64,
    /// Where randomness begins.
    pub seed: u64,
    /// Which functions there are.
    pub dialect: Dialect,
    /// What it may use.
    pub limits: Limits,
}

/// Why an expression does not compile, or has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// The code of the language, such as `T2001`.
    pub code: String,
    /// The message that belongs to it.
    pub message: String,
}

impl Fault {
    /// Whether AWS says nothing about it except that it is internal.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.code == functions::INTERNAL
    }

    /// A bound of the host.
    pub(super) fn of_limit(message: &str) -> Self {
        Self {
            code: LIMIT.to_owned(),
            message: message.to_owned(),
        }
    }

    /// Whether it reached a bound.
    pub(super) fn is_limit(&self) -> bool {
        [STEPS_USED_UP, LIMIT].contains(&self.code.as_str())
    }
}

impl From<jlens_core::Error> for Fault {
    fn from(error: jlens_core::Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.message(),
        }
    }
}

/// The engine's code for used-up steps.
const STEPS_USED_UP: &str = "U1006";
/// The engine's code when an evaluation was stopped, which only the weigher does.
const STOPPED: &str = "U1003";
/// The code of a limit of the host.
const LIMIT: &str = "U1001";

/// The stack of a long evaluation. Freeing a chain of functions that hold each other takes 128
/// bytes for each: this is enough for all that the weigher lets an expression make.
const STACK_BYTES: usize = 64 * 1024 * 1024;
const _: () = assert!(STACK_BYTES / 128 >= Limits::STATE.touched_bytes / FUNCTION_BYTES * 2);

/// How deeply brackets may nest in an expression. The parser recurses into each of them.
const NESTING_LIMIT: usize = 1_000;

impl Program {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When it is not JSONata, or its brackets nest deeper than 1,000 levels.
    pub fn compile(source: &str) -> Result<Self, Fault> {
        let brackets = source.matches(['(', '[', '{']).count();
        if brackets > NESTING_LIMIT && nesting(source) > NESTING_LIMIT {
            return Err(Fault {
                code: LIMIT.to_owned(),
                message: format!("The expression nests deeper than {NESTING_LIMIT} levels"),
            });
        }
        let expression = Expression::compile(source)?;
        let names: BTreeSet<String> = names(source).map(|(name, _)| name.to_owned()).collect();
        let reads = expression.reads();
        // A call to a function that is not the language's own may read all that is bound.
        let states = reads.binding("states").cloned();
        let states = states.filter(|_| !names.contains("random") && !names.contains("eval"));
        let Rewritten {
            source: rewritten,
            patterns,
            hands_about_functions,
            backtracks,
        } = rewrite(&expression);
        let as_rewritten = Uncounted {
            hands_about_functions,
            backtracks,
        };
        let as_written = Uncounted {
            hands_about_functions: used_as_values(source),
            backtracks: may_search(source),
        };
        let guarded = guards::around(&rewritten, |name| names.contains(name));
        let guarded = guarded.or_else(|| (rewritten != source).then(|| rewritten.clone()));
        let guarded = guarded.map(|text| Expression::compile(&text)).transpose()?;
        Ok(Self {
            source: source.to_owned(),
            uncounted: [as_rewritten, as_written],
            patterns: patterns.into(),
            expression,
            guarded,
            free: free(&reads),
            names,
            states,
        })
    }

    /// The text it was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names it may read as variables, in order: all of them, and perhaps some that are only in a
    /// text or that it binds itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether it may read a variable.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The variables that it reads and does not bind itself. One that has the name of a function of
    /// the language is not among them.
    pub fn free_variables(&self) -> impl Iterator<Item = &str> {
        self.free.iter().map(String::as_str)
    }

    /// What it refers to at its top level, where a state machine has no document: bare names, `$`, `$$`, `*` and `**`,
    /// in order.
    #[must_use]
    pub fn top_level_references(&self) -> BTreeSet<String> {
        references::of(&self.expression.ast().root)
    }

    /// The members of `$states` that it reads, as far as that can be told.
    pub fn members_of_states(&self) -> impl Iterator<Item = &str> {
        let fields = self.states.as_ref().filter(|read| !read.is_whole());
        let fields = fields.and_then(Read::fields).into_iter().flatten();
        fields.map(|(name, _)| name.as_str())
    }

    /// Whether it may read `$states.context.Task.Token`.
    pub fn may_read_task_token(&self) -> bool {
        let names = ["context", "Task", "Token"];
        let states = self.reads_of_states(|_| false);
        let at = names.iter().fold(states, |reads, name| reads.field(name));
        !matches!(at, Reads::Nothing)
    }

    /// Whether it may ask for randomness, so that it needs a seed.
    #[must_use]
    pub fn may_roll(&self) -> bool {
        functions::may_roll(self.source())
    }

    /// The parts of `$states` that it reads, so that nobody has to copy the others. `has_variable`
    /// says which variables exist: if one hides a function of the language, nothing is certain.
    pub fn reads_of_states(&self, has_variable: impl Fn(&str) -> bool) -> Reads<'_> {
        let hides = |name: &String| is_built_in(name) && has_variable(name);
        if !self.mentions("states") {
            Reads::Nothing
        } else if self.names.iter().any(hides) {
            Reads::Everything
        } else {
            self.states.as_ref().map_or(Reads::Everything, Reads::of)
        }
    }

    /// Its value; none if it has none ("undefined").
    ///
    /// # Errors
    /// What went wrong in the evaluation, or which limit it reached. Never panics, whatever the
    /// expression and its data.
    pub fn evaluate(&self, given: &Given<'_>) -> Result<Option<Value>, Fault> {
        let mut limits = given.limits;
        let is_guarded = given.dialect == Dialect::Aws && self.guarded.is_some();
        let uncounted = self.uncounted[usize::from(!is_guarded)];
        if uncounted.hands_about_functions {
            limits = limits.unseen();
        }
        if uncounted.backtracks {
            limits = limits.searching();
        }
        let expression = match &self.guarded {
            Some(guarded) if is_guarded => guarded,
            _ => &self.expression,
        };
        // Both attempts have the same randomness.
        let bind = || {
            let mut bindings = match given.dialect {
                Dialect::Plain => Bindings::new(),
                Dialect::Aws => functions::bindings(self.may_roll().then_some(given.seed)),
            };
            if is_guarded {
                bindings = guards::bind(bindings, limits);
                bindings = search::bind(bindings, &self.patterns, limits);
                bindings = distinct::bind(bindings);
            }
            let variables = given.variables.iter();
            variables.fold(bindings, |bindings, (name, value)| {
                bindings.var(name, value.clone())
            })
        };
        let options = |limits: Limits| {
            Options::new()
                .now(given.now)
                .seed(given.seed)
                .max_steps(limits.steps)
                .max_depth(limits.depth)
                .max_string_length(limits.string_bytes)
                .max_array_length(limits.array_items)
                .max_result_size(limits.result_bytes)
        };
        let quick = options(limits.unweighed());
        let first = expression.evaluate_with(given.input, &bind(), &quick);
        match first {
            // A limit, perhaps one that applies only to what is not weighed.
            Err(error)
                if [STEPS_USED_UP, LIMIT].contains(&error.code())
                    && limits.steps > Limits::UNWEIGHED_STEPS => {}
            other => return Ok(other?),
        }
        let stop = CancelToken::new();
        let mut weigher = Weigher::new(limits.touched_bytes, stop.clone());
        let whole = options(limits).cancel_token(stop);
        let second = stacker::grow(STACK_BYTES, || {
            expression.evaluate_traced(given.input, &bind(), &whole, &mut weigher)
        });
        second.map_err(|error| match error.code() {
            STOPPED => Fault {
                code: LIMIT.to_owned(),
                message: format!(
                    "The expression works on more than {} bytes of data",
                    limits.touched_bytes
                ),
            },
            _ => error.into(),
        })
    }
}

/// The parts that an expression reads of a value.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    Nothing,
    Everything,
    Parts(&'a Read),
}

impl<'a> Reads<'a> {
    fn of(read: &'a Read) -> Self {
        if read.is_whole() {
            Self::Everything
        } else {
            Self::Parts(read)
        }
    }

    /// What is read of a field.
    pub fn field(self, name: &str) -> Self {
        match self {
            Self::Parts(read) => match read.fields().and_then(|fields| fields.get(name)) {
                Some(read) => Self::of(read),
                None => Self::Nothing,
            },
            other => other,
        }
    }

    /// A copy of what is read of a value; none if nothing is.
    pub fn cut(self, value: &Value) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Everything => Some(value.clone()),
            Self::Parts(read) => Some(read.cut(value)),
        }
    }
}

fn free(reads: &jlens_core::reads::Reads) -> BTreeSet<String> {
    let read = reads.bindings().keys().map(String::as_str);
    read.filter(|name| *name != "states" && !functions::is_one(name))
        .map(str::to_owned)
        .collect()
}

/// Each name that follows a `$`, and what comes after it.
fn names(source: &str) -> impl Iterator<Item = (&str, &str)> {
    source.split('$').skip(1).filter_map(|rest| {
        let is_part = |char: char| char.is_alphanumeric() || char == '_';
        let end = rest.find(|char| !is_part(char)).unwrap_or(rest.len());
        (end > 0).then(|| rest.split_at(end))
    })
}

/// Whether built-in functions may be used as values: named without being called, or applied in part.
fn used_as_values(source: &str) -> bool {
    let is_named =
        names(source).any(|(name, rest)| is_built_in(name) && !rest.trim_start().starts_with('('));
    let mut after_marks = source.split('?').skip(1);
    is_named || after_marks.any(|rest| rest.trim_start().starts_with([',', ')', '/']))
}

/// Whether there may be a regular expression: a `/` without anything before it to be divided.
fn may_search(source: &str) -> bool {
    source.match_indices('/').any(|(at, _)| {
        let before = source[..at].trim_end().chars().next_back();
        before.is_none_or(|char| !char.is_alphanumeric() && !"_)]}\"'`$%*".contains(char))
    })
}

pub(super) fn is_built_in(name: &str) -> bool {
    jlens_core::function_catalog()
        .iter()
        .any(|function| function.name == name)
}

/// How deeply brackets nest, counting those in texts too.
fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
