//! Runs the official suite of JSONata, whose cases are given as one JSON object a line, and says how
//! many pass. The suite is not part of the repository: its path is the argument.
//!
//! A case has `expr`, `data` if `hasdata`, `bindings`, and by `kind` what must come: `result` (the
//! value in `result`), `undef` (nothing) or `code` (an error with this code). The status is 1 when
//! fewer than 1,680 cases pass, 2 when the file cannot be read.

use std::process::ExitCode;

use rampmeter_asl::jsonata::{Dialect, Given, Limits, Program};
use serde_json::{Map, Value};

/// How many of the 1,684 cases that JSON can hold must pass. The others expect another error code
/// than this engine's for an expression that runs forever or divides by zero.
const WANTED: usize = 1_680;

/// The suite needs arrays of ten million items, and expects endless recursion to be noticed.
const LIMITS: Limits = Limits {
    steps: 20_000_000,
    depth: 20_000,
    string_bytes: 64 * 1024 * 1024,
    array_items: 10_000_000,
    result_bytes: 64 * 1024 * 1024,
    touched_bytes: usize::MAX,
    searched_bytes: Limits::STATE.searched_bytes,
};

fn main() -> ExitCode {
    let path = std::env::args().nth(1).unwrap_or_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the library reads no files; this program does nothing else"
    )]
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a program for people")]
            {
                eprintln!("cannot read the suite '{path}': {error}");
            }
            return ExitCode::from(2);
        }
    };
    let (mut passed, mut failed, mut unreadable) = (0, 0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Ok(case) = serde_json::from_str::<Value>(line) else {
            unreadable += 1;
            continue;
        };
        match check(&case) {
            Ok(()) => passed += 1,
            Err(reason) => {
                failed += 1;
                report(&format!(
                    "{}/{}: {reason}\n    {}",
                    case["group"].as_str().unwrap_or_default(),
                    case["file"].as_str().unwrap_or_default(),
                    case["expr"]
                ));
            }
        }
    }
    report(&format!(
        "{passed} passed, {failed} failed, {unreadable} not readable as JSON"
    ));
    ExitCode::from(u8::from(passed < WANTED))
}

#[expect(clippy::print_stdout, reason = "a program for people")]
fn report(line: &str) {
    println!("{line}");
}

fn check(case: &Value) -> Result<(), String> {
    let outcome = Program::compile(case["expr"].as_str().unwrap_or_default()).and_then(|program| {
        program.evaluate(&Given {
            input: case.get("data").filter(|_| case["hasdata"] == true),
            variables: case["bindings"]
                .as_object()
                .cloned()
                .unwrap_or_else(Map::new),
            now: 1_700_000_000_000,
            seed: 7,
            dialect: Dialect::Plain,
            limits: LIMITS,
        })
    });
    let wanted = match case["kind"].as_str() {
        Some("result") => format!("value {}", case["result"]),
        Some("undef") => "nothing".to_owned(),
        _ => format!("error {}", case["code"].as_str().unwrap_or_default()),
    };
    let is_right = match (&outcome, case["kind"].as_str()) {
        (Ok(Some(value)), Some("result")) => same(value, &case["result"]),
        (Ok(None), Some("undef")) => true,
        (Err(fault), Some("code")) => Some(fault.code.as_str()) == case["code"].as_str(),
        _ => false,
    };
    if is_right {
        return Ok(());
    }
    Err(match outcome {
        Ok(Some(value)) => format!("value {value}, not {wanted}"),
        Ok(None) => format!("nothing, not {wanted}"),
        Err(fault) => format!("error {fault}, not {wanted}"),
    })
}

/// Equality of JSON with numbers as doubles, as JavaScript has it.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}
