//! Each function, by the results recorded from AWS, and by what it refuses.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Call, CallError};
use crate::budget::Budget;
use crate::path::{Missing, Path, Root};
use crate::payload::Payload;
use crate::scope::Scope;

/// A state with an input and a context object, without variables.
struct Alone<'v> {
    input: &'v Value,
    context: Value,
    budget: Budget,
    bits: [u64; 2],
}

impl Scope for Alone<'_> {
    fn input(&self) -> &Value {
        self.input
    }

    fn look(&self, path: &Path) -> Result<Cow<'_, Value>, Missing> {
        match path.root() {
            Root::Input => path.find(self.input, &self.budget),
            Root::Context => path.find(&self.context, &self.budget),
            Root::Variable(name) => Err(Missing::variable(name)),
        }
    }

    fn searched(&self, _: &Path) -> String {
        self.input.to_string()
    }

    fn variable(&self, _: &str) -> Option<Payload> {
        None
    }

    fn context_object(&self, _: &dyn Fn(&[&str]) -> bool) -> Value {
        self.context.clone()
    }

    fn random(&mut self) -> u64 {
        self.bits.rotate_left(1);
        self.bits[1]
    }

    fn now(&self) -> i64 {
        0
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }
}

fn evaluate(text: &str, input: &Value) -> Result<Value, CallError> {
    let call = Call::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    call.evaluate(&mut Alone {
        input,
        context: json!({ "StateMachine": { "Id": "", "Name": "a-b-c" } }),
        budget: Budget::new(),
        bits: [0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210],
    })
}

fn value(text: &str, input: &Value) -> Value {
    evaluate(text, input).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn functions_answer_as_recorded() {
    let input = json!({
        "a": [1, 2, 3, 2, 1], "o": {"x": 1, "y": 2}, "p": {"y": 3}, "t": "text", "n": null,
        "f": 1.0, "items": ["b", "a", "b", {"k": 1}, {"k": 1}],
    });
    for (text, expected) in [
        ("States.Array()", json!([])),
        (
            "States.Array($.t, 1, 'x', null, true, $.o)",
            json!(["text", 1, "x", null, true, {"x": 1, "y": 2}]),
        ),
        (
            "States.ArrayPartition($.a, 2)",
            json!([[1, 2], [3, 2], [1]]),
        ),
        ("States.ArrayContains($.a, 3)", json!(true)),
        ("States.ArrayContains($.a, $.f)", json!(true)),
        ("States.ArrayContains($.a, '3')", json!(false)),
        ("States.ArrayRange(0, 9, 3)", json!([0, 3, 6, 9])),
        ("States.ArrayRange(1, 9, 9)", json!([1])),
        ("States.ArrayRange(3, 1, -1)", json!([3, 2, 1])),
        ("States.ArrayRange(3, 1, 1)", json!([])),
        ("States.ArrayGetItem($.a, 2)", json!(3)),
        ("States.ArrayLength($.a)", json!(5)),
        ("States.ArrayUnique($.items)", json!(["b", "a", {"k": 1}])),
        (
            "States.Base64Encode('Data to encode')",
            json!("RGF0YSB0byBlbmNvZGU="),
        ),
        (
            "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')",
            json!("Data to encode"),
        ),
        (
            "States.Hash('abc', 'MD5')",
            json!("900150983cd24fb0d6963f7d28e17f72"),
        ),
        (
            "States.Hash('abc', 'SHA-1')",
            json!("a9993e364706816aba3e25717850c26c9cd0d89d"),
        ),
        (
            "States.Hash('abc', 'SHA-256')",
            json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        ("States.JsonMerge($.o, $.p, false)", json!({"x": 1, "y": 3})),
        (
            "States.StringToJson('{\"a\": [1, 2]}')",
            json!({"a": [1, 2]}),
        ),
        ("States.JsonToString($.o)", json!("{\"x\":1,\"y\":2}")),
        ("States.MathAdd(1, -3)", json!(-2)),
        ("States.MathAdd(1.49, 1.5)", json!(3)),
        ("States.MathAdd(-1.5, -1.51)", json!(-3)),
        ("States.MathAdd(-0.5, 0.5)", json!(1)),
        ("States.MathAdd(-2.5, 0)", json!(-2)),
        ("States.StringSplit(', , ,', ',')", json!([" ", " "])),
        ("States.StringSplit(',,,,', ',')", json!([])),
        (
            "States.StringSplit('This.is+a,test=string', '.+,=')",
            json!(["This", "is", "a", "test", "string"]),
        ),
        (
            "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), 1)",
            json!("b"),
        ),
        (
            "States.UUID()",
            json!("01234567-89ab-4def-bedc-ba9876543210"),
        ),
        (
            "  States.UUID()  ".trim(),
            json!("01234567-89ab-4def-bedc-ba9876543210"),
        ),
    ] {
        assert_eq!(value(text, &input), expected, "{text}");
    }
}

#[test]
fn format_fills_in_values_and_knows_its_escapes() {
    let input = json!({"t": "text", "n": 1.5, "o": {"a": [1]}, "template": "<{}>"});
    for (text, expected) in [
        ("States.Format('plain')", "plain"),
        ("States.Format('{}-{}', $.t, $.n)", "text-1.5"),
        ("States.Format('{}', $.o)", "{a=[1]}"),
        ("States.Format('{} {}', null, true)", "null true"),
        (r"States.Format('it\'s \{{}\}', $.t)", "it's {text}"),
        (r"States.Format('a\\b')", r"a\b"),
        ("States.Format($.template, 1)", "<1>"),
        ("States.Format('{}', '{}')", "{}"),
    ] {
        assert_eq!(value(text, &input), json!(expected), "{text}");
    }
}

#[test]
fn escapes_of_texts_are_read_once() {
    assert_eq!(
        value(r"States.Array('\'\{\}\\')", &json!({})),
        json!([r"'{}\"])
    );
    assert_eq!(
        value("States.StringSplit('a\nb', '\n')", &json!({})),
        json!(["a", "b"])
    );
}

#[test]
fn what_a_function_cannot_do_is_an_error_and_not_a_guess() {
    let input = json!({"a": [1], "t": "text", "long": "x".repeat(10_001)});
    for text in [
        "States.Array($.missing)",
        "States.ArrayPartition($.a, 0)",
        "States.ArrayPartition($.t, 1)",
        "States.ArrayContains($.t, 1)",
        "States.ArrayRange(0, 1000, 1)",
        "States.ArrayRange(0, 9, 0)",
        "States.ArrayGetItem($.a, 1)",
        "States.ArrayGetItem($.a, -1)",
        "States.ArrayLength($.t)",
        "States.ArrayUnique($.t)",
        "States.Base64Encode($.long)",
        "States.Base64Encode($.a)",
        "States.Base64Decode('?')",
        "States.Base64Decode('dGV4dA=')",
        "States.Hash($.t, 'CRC')",
        "States.JsonMerge($.a, $.a, false)",
        "States.JsonMerge(States.StringToJson('{}'), States.StringToJson('{}'), true)",
        "States.MathAdd($.t, 1)",
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd(4294967296, 1)",
        "States.MathRandom(1, 1)",
        "States.StringSplit($.a, ',')",
        "States.StringToJson('{')",
        "States.Format('{}')",
        "States.Format('{}', 1, 2)",
        "States.Format('{')",
    ] {
        assert!(
            matches!(evaluate(text, &input), Err(CallError::Failed(_))),
            "{text}"
        );
    }
}

#[test]
fn random_numbers_stay_in_their_range_and_follow_their_seed() {
    for seed in 0..200 {
        let text = format!("States.MathRandom(-3, 3, {seed})");
        let picked = value(&text, &json!({}));
        assert!((-3..3).contains(&picked.as_i64().unwrap()));
        assert_eq!(picked, value(&text, &json!({})));
    }
    assert_eq!(value("States.MathRandom(5, 6)", &json!({})), json!(5));
}

#[test]
fn texts_that_are_no_calls_are_refused() {
    for text in [
        "",
        "States",
        "States.Nope()",
        "States.UUID",
        "States.UUID(",
        "States.UUID(1)",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(,)",
        "States.Array(x)",
        "States.Array('a)",
        "States.UUID() x",
        "States.ArrayLength()",
        "States.ArrayLength($.a, 1)",
        "States.Format()",
        r#"States.StringToJson('{\"a\": 1}')"#,
        r"States.Array('\n')",
        "States.Array([1])",
        "States.MathRandom(1)",
        " States.UUID()",
        "States.uuid()",
    ] {
        assert!(Call::parse(text).is_err(), "{text}");
    }
}

#[test]
fn calls_nest_ten_levels_and_no_more() {
    let nested =
        |levels: usize| format!("{}1{}", "States.Array(".repeat(levels), ")".repeat(levels));
    assert!(Call::parse(&nested(10)).is_ok());
    assert!(Call::parse(&nested(11)).is_err());
}

#[test]
fn data_is_read_and_written_as_java_does() {
    let input = json!({"large": 1e20, "small": 1e-10, "one": 1.0, "whole": 100});
    for (text, expected) in [
        (
            "States.JsonToString($)",
            json!(r#"{"large":1.0E20,"small":1.0E-10,"one":1.0,"whole":100}"#),
        ),
        (
            "States.Hash($.large, 'MD5')",
            value("States.Hash('1.0E20', 'MD5')", &input),
        ),
        ("States.Base64Decode('dGV4dA')", json!("text")),
        ("States.Base64Decode('dGV4dB==')", json!("text")),
        ("States.Base64Decode('/w==')", json!("\u{fffd}")),
        ("States.Array(-0, 0)", json!([0, 0])),
    ] {
        assert_eq!(value(text, &input), expected, "{text}");
    }
}

#[test]
fn blank_texts_are_null_as_json() {
    for (input, expected) in [
        (json!(""), json!(null)),
        (json!("  "), json!(null)),
        (json!(null), json!(null)),
        (json!("-0"), json!(0)),
        (json!("\"x\""), json!("x")),
    ] {
        assert_eq!(value("States.StringToJson($)", &input), expected, "{input}");
    }
}
