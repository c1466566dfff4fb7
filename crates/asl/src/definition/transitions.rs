//! Checks across states: every transition names a state, every state can be reached, no name occurs
//! twice. They work on the definition as written, so that a state with faults of its own does not
//! make other states seem unreachable.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::Object;
use crate::model::diagnostic::{DUPLICATE_NAME, MISSING_TARGET};
use crate::model::state_kind::StateKind;

/// Checks the transitions of one graph. `object` holds it, `listed` is its `States`.
pub(super) fn check(start_at: &str, object: &Object<'_>, listed: &Object<'_>) {
    if !listed.has(start_at) {
        let message = format!("Missing 'Next' target: {start_at}");
        object.fault_with(MISSING_TARGET, "StartAt", message);
    }
    for name in listed.names() {
        for Target { place, state } in targets(listed, name) {
            if !listed.has(state) {
                let message = format!("Missing 'Next' target: {state}");
                listed.fault_below(MISSING_TARGET, name, &place, message);
            }
        }
    }
    check_reachable(start_at, listed);
}

/// A transition as it is written.
struct Target<'v> {
    /// Where, as a JSON pointer below the state.
    place: String,
    /// The name of the state it leads to.
    state: &'v str,
}

/// The transitions of a state: of its rules, its own, of its catchers.
fn targets<'v>(listed: &Object<'v>, name: &str) -> Vec<Target<'v>> {
    let Some(state) = listed.value(name).and_then(Value::as_object) else {
        return Vec::new();
    };
    let own = |field: &'static str| {
        let target = state.get(field).and_then(Value::as_str);
        target.map(|state| Target {
            place: format!("/{field}"),
            state,
        })
    };
    let listed_in = |list: &'static str| {
        let items = state
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        items.enumerate().filter_map(move |(index, item)| {
            let state = item.get("Next").and_then(Value::as_str)?;
            Some(Target {
                place: format!("/{list}[{index}]/Next"),
                state,
            })
        })
    };
    let own = ["Next", "Default"].into_iter().filter_map(own);
    listed_in("Choices")
        .chain(own)
        .chain(listed_in("Catch"))
        .collect()
}

/// Whether a state of the graph ends it, or might if its own faults were fixed. Without one, its executions could only
/// fail or run forever.
pub(super) fn has_end(listed: &Object<'_>) -> bool {
    listed.names().any(|name| {
        let field = |field| listed.value(name).and_then(|state| state.get(field));
        let kind = field("Type").and_then(Value::as_str);
        match kind.and_then(StateKind::from_type) {
            None | Some(StateKind::Succeed | StateKind::Fail) => true,
            Some(StateKind::Choice) => false,
            Some(_) => {
                field("End") == Some(&Value::Bool(true))
                    || field("Next").and_then(Value::as_str).is_none()
            }
        }
    })
}

/// AWS refuses a definition with a state that nothing leads to.
fn check_reachable(start_at: &str, listed: &Object<'_>) {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start_at];
    while let Some(name) = waiting.pop() {
        if reached.insert(name) {
            waiting.extend(targets(listed, name).into_iter().map(|target| target.state));
        }
    }
    for name in listed.names().filter(|name| !reached.contains(name)) {
        let message = format!("State \"{name}\" is not reachable.");
        listed.fault_with(MISSING_TARGET, name, message);
    }
}

/// Checks that no two states of a definition have the same name, whatever graph they are in. The later one is at fault.
pub(super) fn check_names(top: &Object<'_>) {
    if let Some(states) = top.value("States") {
        visit_names(states, "", &mut BTreeSet::new(), top);
    }
}

/// Visits the states of one graph, which is at `place` below the whole definition.
fn visit_names<'v>(states: &'v Value, place: &str, seen: &mut BTreeSet<&'v str>, top: &Object<'_>) {
    for (name, state) in states.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        if !seen.insert(name) {
            let message = format!("Duplicate State name: {name}");
            top.fault_below(DUPLICATE_NAME, "States", &place, message);
        }
        let processors = ["ItemProcessor", "Iterator"]
            .into_iter()
            .filter_map(|field| Some((field.to_owned(), state.get(field)?)));
        let branches = state.get("Branches").and_then(Value::as_array);
        let branches = branches.into_iter().flatten().enumerate();
        for (field, graph) in branches
            .map(|(index, branch)| (format!("Branches[{index}]"), branch))
            .chain(processors)
        {
            if let Some(states) = graph.get("States") {
                visit_names(states, &format!("{place}/{field}/States"), seen, top);
            }
        }
    }
}
