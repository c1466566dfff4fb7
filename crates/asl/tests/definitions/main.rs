//! Definitions of the shapes that are published for AWS, all written from scratch: each is sound, or is refused as
//! AWS would refuse it. A sound one need not run here: what this host does not support is a note.
#![expect(
    clippy::disallowed_methods,
    reason = "the library reads no files; this test reads its data"
)]

use std::fs;
use std::path::{Path, PathBuf};

use rampmeter_asl::{Diagnostic, Resource, StateMachine};
use serde_json::Value;

/// What AWS would refuse too, by file, with the code and a part of the message.
const REFUSED: [(&str, &str, &str); 7] = [
    (
        "bare-name-in-jsonata",
        "UNSUPPORTED_JSONATA_EXPRESSION",
        "'order' at the top level",
    ),
    (
        "job-of-the-sdk",
        "SCHEMA_VALIDATION_FAILED",
        "is not recognized",
    ),
    ("loop-without-end", "MISSING_END_STATE", "no terminal state"),
    ("lost-state", "MISSING_TRANSITION_TARGET", "not reachable"),
    (
        "path-with-blanks",
        "SCHEMA_VALIDATION_FAILED",
        "valid JSONPath",
    ),
    ("substitution", "SCHEMA_VALIDATION_FAILED", "${OrdersTable}"),
    (
        "two-languages",
        "SCHEMA_VALIDATION_FAILED",
        "only supported for the 'JSONPath'",
    ),
];

fn definitions() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions/data");
    let entries = fs::read_dir(folder).expect("the folder of definitions");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy();
        let name = name.trim_end_matches(".asl.json").to_owned();
        (name, fs::read_to_string(&path).expect("text"))
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn published_shapes_are_sound_and_the_others_are_refused_for_a_reason() {
    let (mut sound, mut refused) = (0, 0);
    for (name, text) in definitions() {
        let parsed = StateMachine::parse(&text);
        let Some(what) = name.strip_prefix("refused-") else {
            let faults = parsed.err().unwrap_or_default();
            let told: Vec<_> = faults.iter().map(Diagnostic::to_string).collect();
            assert_eq!(told, Vec::<String>::new(), "{name}");
            sound += 1;
            continue;
        };
        let (_, code, part) = REFUSED
            .iter()
            .find(|(file, ..)| *file == what)
            .unwrap_or_else(|| panic!("{name} has a reason"));
        let faults = parsed.expect_err(&name);
        assert_eq!(faults.len(), 1, "{name}: {faults:?}");
        assert_eq!(faults[0].code, *code, "{name}");
        assert!(faults[0].message.contains(part), "{name}: {}", faults[0]);
        refused += 1;
    }
    assert!(sound >= 100, "{sound} sound definitions");
    assert_eq!(refused, REFUSED.len());
}

/// What each state of a sound definition calls, at any depth.
fn resources(value: &Value, found: &mut Vec<(String, String)>) {
    let states = value.get("States").and_then(Value::as_object);
    for (name, state) in states.into_iter().flatten() {
        if let Some(resource) = state.get("Resource").and_then(Value::as_str) {
            found.push((name.clone(), resource.to_owned()));
        }
        for graph in ["ItemProcessor", "Iterator"] {
            resources(&state[graph], found);
        }
        for branch in state["Branches"].as_array().into_iter().flatten() {
            resources(branch, found);
        }
    }
}

#[test]
fn what_this_host_does_not_run_is_noted_for_each_state() {
    for (name, text) in definitions() {
        let Ok(machine) = StateMachine::parse(&text) else {
            continue;
        };
        let noted: Vec<String> = machine
            .unserved()
            .into_iter()
            .map(|one| one.state)
            .collect();
        let mut called = Vec::new();
        resources(&serde_json::from_str(&text).expect("JSON"), &mut called);
        for (state, resource) in called {
            let is_unserved = matches!(Resource::parse(&resource), Resource::Unserved(_));
            assert_eq!(noted.contains(&state), is_unserved, "{name}: {state}");
        }
    }
}
