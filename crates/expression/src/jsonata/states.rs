//! What an expression of a state sees: the variables, and `$states` with input, result, errorOutput
//! and context. Only what an expression reads is copied, and the context object is built no further
//! than it is read.

use serde_json::{Map, Value};

use super::limits::Limits;
use super::program::{Dialect, Fault, Given, Program, Reads};
use crate::budget::text_size;
use crate::scope::Scope;

/// The parts of `$states` that depend on how far the state is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The result of a Task, Parallel or Map state.
    pub result: Option<&'a Value>,
    /// What a catcher caught.
    pub error_output: Option<&'a Value>,
}

/// Evaluates an expression in the scope of a state, as far as the budget of the state reaches.
pub fn evaluate(
    program: &Program,
    scope: &mut dyn Scope,
    known: Known<'_>,
) -> Result<Option<Value>, Fault> {
    let mut variables = Map::new();
    for name in program.names() {
        if let Some(value) = scope.variable(name) {
            variables.insert(name.to_owned(), value.value().clone());
        }
    }
    let reads = program.reads_of_states(|name| variables.contains_key(name));
    if !matches!(reads, Reads::Nothing) {
        variables.insert("states".to_owned(), states(reads, scope, known));
    }
    let bytes: usize = variables.values().map(text_size).sum();
    let reach = scope
        .budget()
        .evaluation(program.source().len() + bytes)
        .map_err(|_| Fault::of_limit("The expressions work on too much data"))?;
    let value = program.evaluate(&Given {
        input: None,
        variables,
        now: scope.now(),
        seed: if program.may_roll() {
            scope.random()
        } else {
            0
        },
        dialect: Dialect::Aws,
        limits: Limits::of(reach),
    });
    if value.as_ref().is_err_and(Fault::is_limit) {
        scope.budget().exceed();
    }
    value
}

fn states(reads: Reads<'_>, scope: &dyn Scope, known: Known<'_>) -> Value {
    let mut object = Map::new();
    let mut add = |name: &str, value: Option<&Value>| {
        if let Some(value) = value.and_then(|value| reads.field(name).cut(value)) {
            object.insert(name.to_owned(), value);
        }
    };
    add("input", Some(scope.input()));
    let context_reads = reads.field("context");
    if !matches!(context_reads, Reads::Nothing) {
        let context = scope.context_object(&|names| may_reach(context_reads, names));
        add("context", Some(&context));
    }
    add("result", known.result);
    add("errorOutput", known.error_output);
    Value::Object(object)
}

/// Whether anything is read at or below these names.
fn may_reach(reads: Reads<'_>, names: &[&str]) -> bool {
    let at = names.iter().fold(reads, |reads, name| reads.field(name));
    !matches!(at, Reads::Nothing)
}
