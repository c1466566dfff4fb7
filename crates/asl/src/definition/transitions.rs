//! Checks across states: every transition names a state, every state can be reached, no name is
//! there twice.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::Object;
use crate::diagnostic::{DUPLICATE_NAME, MISSING_TARGET};
use crate::machine::{Body, Graph, State, Transition};

/// Checks the transitions of one graph. `object` holds it, `listed` is its `States`.
pub(super) fn check(graph: &Graph, object: &Object<'_>, listed: &Object<'_>) {
    if !listed.has(&graph.start_at) {
        let message = format!("Missing 'StartAt' target: {}", graph.start_at);
        object.fault_with(MISSING_TARGET, "StartAt", message);
    }
    for (name, state) in &graph.states {
        for (place, target) in targets(state, listed.object(name).as_ref()) {
            if !listed.has(&target) {
                let field = place.rsplit('/').next().unwrap_or("Next");
                let message = format!("Missing '{field}' target: {target}");
                listed.fault_below(MISSING_TARGET, name, &place, message);
            }
        }
    }
    check_reachable(graph, listed);
}

/// Where a state can lead: the place of the field within the state, and the target.
fn targets(state: &State, fields: Option<&Object<'_>>) -> Vec<(String, String)> {
    let mut targets = Vec::new();
    match &state.body {
        Body::Pass { next, .. } | Body::Wait { next, .. } => targets.extend(target(next)),
        Body::Task(task) => targets.extend(target(&task.next)),
        Body::Choice { rules, default } => {
            for (index, rule) in rules.iter().enumerate() {
                targets.push((format!("/Choices/{index}/Next"), rule.next.clone()));
            }
            targets.extend(
                default
                    .iter()
                    .map(|name| ("/Default".to_owned(), name.clone())),
            );
        }
        Body::Later { .. } => targets.extend(fields.into_iter().flat_map(raw_targets)),
        Body::Succeed | Body::Fail { .. } => {}
    }
    for (index, catcher) in state.catch.iter().enumerate() {
        targets.push((format!("/Catch/{index}/Next"), catcher.next.clone()));
    }
    targets
}

fn target(transition: &Transition) -> Option<(String, String)> {
    match transition {
        Transition::Next(name) => Some(("/Next".to_owned(), name.clone())),
        Transition::End => None,
    }
}

/// The targets of a state that is not compiled any further.
fn raw_targets(fields: &Object<'_>) -> Vec<(String, String)> {
    let named = ["Next", "Default"].into_iter().filter_map(|field| {
        let name = fields.value(field).and_then(Value::as_str)?;
        Some((format!("/{field}"), name.to_owned()))
    });
    let choices = fields
        .value("Choices")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let chosen = choices.enumerate().filter_map(|(index, rule)| {
        let name = rule.get("Next").and_then(Value::as_str)?;
        Some((format!("/Choices/{index}/Next"), name.to_owned()))
    });
    named.chain(chosen).collect()
}

/// AWS refuses a definition with a state that nothing leads to.
fn check_reachable(graph: &Graph, listed: &Object<'_>) {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![graph.start_at.clone()];
    while let Some(name) = waiting.pop() {
        let Some(fields) = listed.value(&name).and_then(Value::as_object) else {
            continue;
        };
        if reached.insert(name.clone()) {
            match graph.states.get(&name) {
                Some(state) => {
                    let object = listed.object(&name);
                    waiting.extend(
                        targets(state, object.as_ref())
                            .into_iter()
                            .map(|pair| pair.1),
                    );
                }
                // A state with faults of its own: take its targets as they are written.
                None => waiting.extend(written_targets(fields)),
            }
        }
    }
    for name in listed.names().filter(|name| !reached.contains(*name)) {
        let message = format!("State \"{name}\" is not reachable.");
        listed.fault_with(MISSING_TARGET, name, message);
    }
}

fn written_targets(fields: &serde_json::Map<String, Value>) -> Vec<String> {
    let lists = ["Choices", "Catch"]
        .into_iter()
        .filter_map(|name| fields.get(name)?.as_array());
    let listed = lists.flatten().filter_map(|item| item.get("Next"));
    let own = ["Next", "Default"]
        .into_iter()
        .filter_map(|name| fields.get(name));
    own.chain(listed)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Checks that no two states of a definition have the same name, whatever graph they are in.
pub(super) fn check_names(graph: &Graph, top: &Object<'_>) {
    let mut seen = BTreeSet::new();
    visit_names(graph, &mut seen, top);
}

fn visit_names<'g>(graph: &'g Graph, seen: &mut BTreeSet<&'g str>, top: &Object<'_>) {
    for (name, state) in &graph.states {
        if !seen.insert(name) {
            let message = format!("The state name '{name}' is there twice");
            top.fault_with(DUPLICATE_NAME, "States", message);
        }
        if let Body::Later { graphs } = &state.body {
            for graph in graphs {
                visit_names(graph, seen, top);
            }
        }
    }
}
