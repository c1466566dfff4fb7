//! Which states of a graph an execution can enter again through transitions. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The names of the states from which transitions lead back to them.
pub(crate) fn in_loops(states: &Map<String, Value>) -> BTreeSet<&str> {
    let mut next: BTreeMap<&str, Vec<&str>> = states
        .iter()
        .map(|(name, state)| (name.as_str(), successors(state)))
        .collect();
    // A state that leads nowhere is in no loop; for most graphs this removes every state.
    loop {
        let before = next.len();
        let left: BTreeSet<&str> = next.keys().copied().collect();
        next.retain(|_, successors| successors.iter().any(|name| left.contains(name)));
        if next.len() == before {
            break;
        }
    }
    let candidates = next.keys().copied();
    candidates.filter(|name| leads_back(name, &next)).collect()
}

fn leads_back(to: &str, next: &BTreeMap<&str, Vec<&str>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![to];
    while let Some(name) = open.pop() {
        for successor in next.get(name).into_iter().flatten() {
            if *successor == to {
                return true;
            }
            if seen.insert(*successor) {
                open.push(successor);
            }
        }
    }
    false
}

fn successors(state: &Value) -> Vec<&str> {
    let listed = ["Choices", "Catch"]
        .into_iter()
        .flat_map(|field| state[field].as_array().into_iter().flatten())
        .map(|entry| &entry["Next"]);
    let own = ["Next", "Default"].into_iter().map(|field| &state[field]);
    own.chain(listed).filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_states_that_lead_back_to_themselves_are_in_a_loop() {
        let states = json!({
            "First": {"Next": "A"},
            "A": {"Next": "B", "Catch": [{"Next": "Failed"}]},
            "B": {"Choices": [{"Next": "A"}], "Default": "Between"},
            "Between": {"Next": "C"},
            "C": {"Catch": [{"Next": "C"}], "Next": "Last"},
            "Last": {"End": true},
            "Failed": {"Type": "Fail"},
        });
        let states = states.as_object().expect("states");
        assert_eq!(Vec::from_iter(in_loops(states)), ["A", "B", "C"]);
    }
}
