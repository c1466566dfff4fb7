//! Fuzz targets for everything of the language that reads text: definitions, JSONPath, intrinsic functions, JSONata.
//! A target fails if something panics, and hangs or exhausts memory if something is unbounded; the host of the tests
//! of whole executions checks its invariants on the way.
//!
//! `cargo test` runs each on some thousand random inputs; `BOLERO_RANDOM_ITERATIONS` says on how many, and
//! `cargo bolero test --engine libfuzzer TARGET` is guided by coverage. An input that broke something becomes a
//! test of its own, or a seed in `seeds/`.

#[expect(dead_code, reason = "the targets use a part of the host")]
#[path = "../execution/host.rs"]
mod host;
mod mutation;
mod run;
mod words;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// Inputs of one run of `cargo test`, for each target.
const INPUTS: usize = 3_000;
/// Longest input in bytes: each byte is a word or a change.
const LENGTH: usize = 96;

/// What expressions are evaluated on: every type, nested, with the names that the words use.
fn data() -> Value {
    json!({
        "a": {"b": [1, 2.5, -3, {"c": "text", "d": null}], "e": true},
        "list": [3, 1, 2, 2, "x", null, [], {}],
        "text": "a,b;c|d {} é \u{1F600}",
        "number": 42, "float": 0.1, "empty": "", "none": null,
        "nested": [[[[1]]], {"a": {"a": {"a": 1}}}],
    })
}

/// A machine of one Pass state that evaluates `text` in a field.
fn evaluating(field: &str, text: &str) -> Value {
    host::single(json!({"Type": "Pass", "Parameters": {field: text}}))
}

/// Gives inputs to a target that says whether it ran something. One in `every` must, or the target proves little.
fn check(every: usize, target: impl Fn(&[u8]) -> bool + std::panic::RefUnwindSafe) {
    let (given, ran) = (AtomicUsize::new(0), AtomicUsize::new(0));
    bolero::check!()
        .with_iterations(INPUTS)
        .with_max_len(LENGTH)
        .for_each(|input: &[u8]| {
            given.fetch_add(1, Ordering::Relaxed);
            ran.fetch_add(usize::from(target(input)), Ordering::Relaxed);
        });
    let (given, ran) = (given.into_inner(), ran.into_inner());
    assert!(ran * every >= given, "only {ran} of {given} inputs ran");
}

#[test]
fn a_definition_is_refused_or_runs_and_never_panics() {
    let seeds = mutation::seeds();
    check(8, |input| {
        let definition = mutation::definition(&seeds, input);
        run::definition(&definition, &data(), input)
    });
}

#[test]
fn a_json_path_has_a_value_or_an_error_and_never_panics() {
    check(50, |input| {
        let path = words::text("$", words::PATH, input);
        let reference = json!({"Type": "Pass", "InputPath": path, "ResultPath": path});
        let value = run::definition(&evaluating("x.$", &path), &data(), input);
        run::definition(&host::single(reference), &data(), input) || value
    });
}

#[test]
fn an_intrinsic_function_has_a_value_or_an_error_and_never_panics() {
    check(8, |input| {
        let call = words::call(&mut input.iter().copied(), 3);
        run::definition(&evaluating("x.$", &call), &data(), input)
    });
}

#[test]
fn a_jsonata_expression_has_a_value_or_an_error_and_never_panics() {
    check(50, |input| {
        let expression = words::text("{% ", words::JSONATA, input) + " %}";
        let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": expression});
        run::definition(&host::single(state), &data(), input)
    });
}
