//! What is tested: a state alone, or one state of a whole state machine. A state alone is put into a
//! machine of its own, with placeholders for the states that it leads to, so that both are read and
//! checked by the same code.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::model::diagnostic::Diagnostic;
use crate::model::machine::StateMachine;
use crate::model::state_kind::StateKind;

/// The name that AWS gives to a state that is tested alone.
const ALONE: &str = "StateName";

/// A parsed definition and the state of it that is tested.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) machine: StateMachine,
    /// The name of the state, and how it is written.
    pub(super) name: String,
    pub(super) fields: Map<String, Value>,
}

impl Subject {
    /// Reads a definition.
    pub(super) fn read(definition: &str, name: Option<&str>) -> Result<Self, Refusal> {
        let parsed = serde_json::from_str::<Value>(definition);
        let Ok(Value::Object(written)) = parsed else {
            // The definition parser says what is wrong with any other text.
            let faults = StateMachine::parse(definition).err().unwrap_or_default();
            return Err(Refusal::InvalidDefinition(faults));
        };
        match name {
            Some(name) => Self::within(definition, &written, name),
            None => Self::alone(written),
        }
    }

    fn within(definition: &str, written: &Map<String, Value>, name: &str) -> Result<Self, Refusal> {
        let machine = StateMachine::parse(definition).map_err(Refusal::InvalidDefinition)?;
        let Some(fields) = find(written, name) else {
            let message = "State not found in definition".to_owned();
            return Err(Refusal::Validation(message));
        };
        Ok(Self {
            machine,
            name: name.to_owned(),
            fields: fields.clone(),
        })
    }

    fn alone(fields: Map<String, Value>) -> Result<Self, Refusal> {
        if fields.contains_key("States") && !fields.contains_key("Type") {
            return Err(Refusal::Validation(
                "The definition is a whole state machine: stateName must say which of its states \
                 to test"
                    .to_owned(),
            ));
        }
        let machine = StateMachine::parse(&around(&fields).to_string());
        Ok(Self {
            machine: machine.map_err(|faults| Refusal::InvalidDefinition(relative(faults)))?,
            name: ALONE.to_owned(),
            fields,
        })
    }

    /// The type of the state.
    pub(super) fn kind(&self) -> StateKind {
        self.machine.state(&self.name).kind
    }

    /// A field that holds text; empty if there is none.
    pub(super) fn text(&self, field: &str) -> &str {
        let value = self.fields.get(field).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// Whether the state may be tested with a mock: only those that call something or run others.
    pub(super) fn can_be_mocked(&self) -> bool {
        matches!(
            self.kind(),
            StateKind::Task | StateKind::Parallel | StateKind::Map
        )
    }

    /// Whether it is a task that continues only when a result is reported with its task token or
    /// its job is over.
    pub(super) fn waits_for_an_answer(&self) -> bool {
        let resource = self.text("Resource");
        self.kind() == StateKind::Task
            && [".sync", ".sync:2", ".waitForTaskToken"]
                .iter()
                .any(|pattern| resource.ends_with(pattern))
    }
}

/// The state with a name, in a machine, a branch or an item processor, at any depth. The definition was
/// parsed, so its depth is bounded.
fn find<'v>(graph: &'v Map<String, Value>, name: &str) -> Option<&'v Map<String, Value>> {
    let states = graph.get("States")?.as_object()?;
    if let Some(state) = states.get(name) {
        return state.as_object();
    }
    states.values().find_map(|state| {
        let branches = state.get("Branches").and_then(Value::as_array);
        let processors = [state.get("ItemProcessor"), state.get("Iterator")];
        let graphs = branches.into_iter().flatten();
        graphs
            .chain(processors.into_iter().flatten())
            .filter_map(Value::as_object)
            .find_map(|graph| find(graph, name))
    })
}

/// A machine around one state.
fn around(state: &Map<String, Value>) -> Value {
    let stand_in = |name| (name, json!({ "Type": "Succeed" }));
    let mut states: Map<String, Value> = targets(state).into_iter().map(stand_in).collect();
    states.insert(ALONE.to_owned(), Value::Object(state.clone()));
    json!({ "StartAt": ALONE, "States": states })
}

/// The names of all states that a state leads to.
fn targets(state: &Map<String, Value>) -> BTreeSet<String> {
    let own = ["Next", "Default"]
        .into_iter()
        .map(|field| state.get(field));
    let listed = ["Choices", "Catch"].into_iter().flat_map(|list| {
        let items = state.get(list).and_then(Value::as_array);
        items.into_iter().flatten().map(|item| item.get("Next"))
    });
    let named = own.chain(listed).flatten().filter_map(Value::as_str);
    named.map(str::to_owned).collect()
}

/// Faults with their places as the client wrote the definition, without the machine around the state.
fn relative(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let around = format!("/States/{ALONE}");
    for fault in &mut faults {
        if let Some(place) = fault.location.strip_prefix(&around) {
            let place = if place.is_empty() { "/" } else { place };
            fault.location = place.to_owned();
        }
    }
    faults
}
