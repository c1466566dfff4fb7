//! From the text of a definition to a [`StateMachine`], or to all of its faults with AWS's codes,
//! texts and places. What AWS was not recorded to say is phrased in the same style.

mod assign;
mod choice;
mod fields;
mod grammar;
mod item_reader;
mod json;
mod jsonata;
mod map;
mod notes;
mod object;
mod retry;
mod state;
mod transitions;
mod warning;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use self::grammar::Owner;
use self::object::{Faults, Object};
use crate::model::diagnostic::{Diagnostic, JSON, SCHEMA};
use crate::model::machine::{Graph, Notes, QueryLanguage, StateMachine};

/// The longest name of a state, in characters.
const NAME_LIMIT: usize = 80;

impl StateMachine {
    /// Parses and checks a definition. Substitutions (`${Name}`) must have been resolved already.
    ///
    /// # Errors
    /// All faults of the definition. Never panics, whatever the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        parse(text)
    }
}

fn parse(text: &str) -> Result<StateMachine, Vec<Diagnostic>> {
    let not_an_object = || {
        let message = "Definition must be a valid JSON object".to_owned();
        vec![Diagnostic::error(SCHEMA, message, String::new())]
    };
    if text.trim().is_empty() {
        return Err(not_an_object());
    }
    let value: Value =
        serde_json::from_str(text).map_err(|error| vec![json::fault(text, &error)])?;
    let Value::Object(fields) = &value else {
        return Err(not_an_object());
    };
    let faults = Faults::default();
    json::check_substitutions(&value, &faults);
    let top = Object::new(fields, String::new(), &faults);
    let machine = machine(&top);
    let faults = faults.into_list();
    match machine {
        Some(machine) if faults.is_empty() => Ok(machine),
        _ => Err(faults),
    }
}

fn machine(top: &Object<'_>) -> Option<StateMachine> {
    grammar::check(top, Owner::Machine, QueryLanguage::JsonPath);
    let timeout_seconds = top.whole("TimeoutSeconds");
    let language = query_language(top).unwrap_or(QueryLanguage::JsonPath);
    let mut notes = Notes::default();
    let mut graph = graph(top, language, language, &mut notes)?;
    transitions::check_names(top);
    let inner = graph.take_inner();
    Some(StateMachine {
        graph,
        inner,
        timeout_seconds,
        notes,
    })
}

/// The `QueryLanguage` of a machine or a state.
fn query_language(object: &Object<'_>) -> Option<QueryLanguage> {
    match object.text("QueryLanguage")? {
        "JSONPath" => Some(QueryLanguage::JsonPath),
        "JSONata" => Some(QueryLanguage::Jsonata),
        _ => None,
    }
}

/// Parses the states of a machine, a branch or an item processor. `machine_language` is that of the
/// whole machine; `language` is the one that states have which name none.
fn graph(
    object: &Object<'_>,
    machine_language: QueryLanguage,
    language: QueryLanguage,
    notes: &mut Notes,
) -> Option<Graph> {
    let start_at = object.text("StartAt");
    let listed = object.object("States")?;
    if listed.is_empty() {
        object.fault_at("States", "There must be at least one state".to_owned());
    }
    let mut states = BTreeMap::new();
    for name in listed.names() {
        if name.chars().count() > NAME_LIMIT || name.is_empty() {
            listed.fault_at(
                name,
                format!("The name of a state has 1 to {NAME_LIMIT} characters"),
            );
        }
        let Some(fields) = listed.object(name) else {
            listed.fault_at(name, "Expected value of type Object".to_owned());
            continue;
        };
        if let Some(state) = state::parse(&fields, machine_language, language, notes) {
            notes.add(name, &state, &fields);
            states.insert(name.to_owned(), state);
        }
    }
    let start_at = start_at?;
    transitions::check(start_at, object, &listed);
    if !listed.is_empty() && !transitions::has_end(&listed) {
        object.no_end();
    }
    Some(Graph {
        start_at: start_at.to_owned(),
        states,
    })
}

/// The diagnostic of a text that is not JSON.
fn invalid_json(message: String, location: String) -> Diagnostic {
    Diagnostic::error(JSON, message, location)
}
