//! What expressions mean, AWS's functions, and the texts of errors. The official suite has far more of
//! the language; these cases cover what state machines rely on.

mod hostile;
mod search;

use serde_json::{Map, Value, json};

use super::{Dialect, Fault, Given, Limits, Program};

fn evaluate(source: &str) -> Result<Option<Value>, Fault> {
    let states = json!({
        "input": {
            "orders": [
                { "id": 1, "price": 10, "tags": ["a", "b"], "paid": true },
                { "id": 2, "price": 2.5, "tags": [], "paid": false },
                { "id": 3, "price": 4, "tags": ["c"], "paid": true },
            ],
            "name": "Ada Lovelace",
            "empty": [],
            "one": [7],
            "none": null,
        },
        "context": { "State": { "Name": "A" } },
    });
    Program::compile(source)?.evaluate(&Given {
        input: None,
        variables: Map::from_iter([
            ("states".to_owned(), states),
            ("limit".to_owned(), json!(3)),
            ("sum".to_owned(), json!("a variable")),
        ]),
        now: 1_700_000_000_123,
        seed: 42,
        dialect: Dialect::Aws,
        limits: Limits::STATE,
    })
}

/// Each expression has this value.
fn all(cases: &[(&str, Value)]) {
    for (source, expected) in cases {
        assert_eq!(evaluate(source), Ok(Some(expected.clone())), "{source}");
    }
}

#[test]
fn paths_select_map_and_flatten() {
    all(&[
        ("$states.input.name", json!("Ada Lovelace")),
        ("$states.input.orders.id", json!([1, 2, 3])),
        ("$states.input.orders[0].id", json!(1)),
        ("$states.input.orders[-1].id", json!(3)),
        ("$states.input.orders[paid].price", json!([10, 4])),
        ("$states.input.orders[price > $limit].id", json!([1, 3])),
        ("$states.input.orders[id = 2].price", json!(2.5)),
        ("$states.input.orders.tags", json!(["a", "b", "c"])),
        ("$states.input.orders.(price * 2)", json!([20, 5, 8])),
        ("$states.input.orders^(price).id", json!([2, 3, 1])),
        ("$states.input.orders^(>price).id", json!([1, 3, 2])),
        (
            "$states.input.orders{$string(id): price}",
            json!({ "1": 10, "2": 2.5, "3": 4 }),
        ),
        ("$states.input.one", json!([7])),
        ("$states.input.one[0]", json!(7)),
        ("$states.input.none", json!(null)),
        ("$states.input.empty", json!([])),
        ("$states.context.State.Name", json!("A")),
        ("$states.input.orders[0].*[0]", json!(1)),
        ("$count($states.input.orders.id)", json!(3)),
        ("$states.input.orders.tags[0]", json!(["a", "c"])),
        ("($states.input.orders.tags)[0]", json!("a")),
    ]);
}

#[test]
fn operators_work_on_numbers_texts_and_truth_values() {
    all(&[
        ("1 + 2 * 3 - 4 / 2 % 3", json!(5)),
        ("0.1 + 0.2", json!(0.300_000_000_000_000_04)),
        ("4 / 2", json!(2)),
        ("-$limit", json!(-3)),
        ("'a' & 1 & true & null", json!("a1truenull")),
        ("1 = 1.0 and 'a' != 'b'", json!(true)),
        ("1 < 2 or $nothing", json!(true)),
        ("2 in [1, 2]", json!(true)),
        ("[1..3]", json!([1, 2, 3])),
        ("[1, [2, 3]]", json!([1, [2, 3]])),
        ("{'a': 1, 'b': $nothing}", json!({ "a": 1 })),
        ("$nothing ? 1 : 2", json!(2)),
        ("$nothing ?? 3", json!(3)),
        ("0 ?: 4", json!(4)),
        ("($x := 2; $y := $x * $x; $y + 1)", json!(5)),
        ("$variable := 1", json!(1)),
        ("'x' ~> $uppercase", json!("X")),
        ("[3, 1, 2] ~> $sort() ~> $reverse()", json!([3, 2, 1])),
        (
            "{'a': {'b': 1}} ~> |a|{'c': 2}|",
            json!({ "a": { "b": 1, "c": 2 } }),
        ),
    ]);
    assert_eq!(evaluate("1 = 2 ? 3"), Ok(None));
}

#[test]
fn functions_of_the_language_are_there() {
    all(&[
        ("$length('köln')", json!(4)),
        ("$substring('hello', 1, 3)", json!("ell")),
        ("$substringBefore('a-b', '-')", json!("a")),
        ("$trim('  a   b ')", json!("a b")),
        ("$pad('x', -3, '0')", json!("00x")),
        ("$split('a,b,c', ',')", json!(["a", "b", "c"])),
        ("$split('a1b22c', /[0-9]+/)", json!(["a", "b", "c"])),
        ("$split('a,b,c', ',', 2)", json!(["a", "b"])),
        ("$join(['a', 'b'], '-')", json!("a-b")),
        ("$contains('abc', /^ab/)", json!(true)),
        ("$replace('aXbX', 'X', '-')", json!("a-b-")),
        ("$replace('aXbX', 'X', '-', 1)", json!("a-bX")),
        (
            "$replace('John Smith', /(\\w+)\\s(\\w+)/, '$2, $1')",
            json!("Smith, John"),
        ),
        (
            "$replace('a1', /[0-9]/, function($m){$m.match & '!'})",
            json!("a1!"),
        ),
        ("['ab', 'b'].$replace('b', 'c')", json!(["ac", "c"])),
        ("$match('ab12', /[a-z]([0-9])/)[0].groups", json!(["1"])),
        ("$count($match('abab', /b/))", json!(2)),
        ("$count($match('abab', /b/, 1))", json!(1)),
        ("$number('0x1F') + $number('1e2')", json!(131)),
        ("$round(2.5) + $floor(-1.5) + $abs(-2)", json!(2)),
        ("$formatNumber(1234.5, '#,##0.00')", json!("1,234.50")),
        ("$formatBase(255, 16)", json!("ff")),
        (
            "$max([1, 5, 3]) - $min([4, 2]) + $average([1, 3])",
            json!(5),
        ),
        (
            "$merge([{'a': 1}, {'b': 2}, {'a': 3}])",
            json!({ "a": 3, "b": 2 }),
        ),
        ("$keys({'b': 1, 'a': 2})", json!(["b", "a"])),
        ("$map([1, 2], function($v, $i){$v * $i})", json!([0, 2])),
        ("$filter([1, 2, 3], function($v){$v > 1})", json!([2, 3])),
        (
            "$reduce([1, 2, 3], function($a, $b){$a + $b}, 10)",
            json!(16),
        ),
        ("$map(['a', 'b'], $uppercase)", json!(["A", "B"])),
        (
            "$sift({'a': 1, 'b': 2}, function($v){$v = 2})",
            json!({ "b": 2 }),
        ),
        ("$distinct([1, 1, 2])", json!([1, 2])),
        ("$zip([1, 2], ['a', 'b'])", json!([[1, "a"], [2, "b"]])),
        (
            "$type(null) & $type({}) & $type([])",
            json!("nullobjectarray"),
        ),
        ("$string({'a': [1, null]})", json!("{\"a\":[1,null]}")),
        ("$base64decode($base64encode('hi'))", json!("hi")),
        ("$encodeUrlComponent('a b&c')", json!("a%20b%26c")),
        (
            "$toMillis('2017-11-07T15:07:54.972Z')",
            json!(1_510_067_274_972_i64),
        ),
        ("$exists($nothing)", json!(false)),
    ]);
}

#[test]
fn time_is_the_time_that_was_given() {
    all(&[
        ("$millis()", json!(1_700_000_000_123_i64)),
        ("$now()", json!("2023-11-14T22:13:20.123Z")),
        ("$now('[Y0001]-[M01]-[D01]')", json!("2023-11-14")),
    ]);
}

#[test]
fn aws_functions_take_what_aws_documents() {
    all(&[
        (
            "$partition([1, 2, 3, 4, 5], 2)",
            json!([[1, 2], [3, 4], [5]]),
        ),
        ("$partition([1], 9)", json!([[1]])),
        ("$partition([], 2)", json!([])),
        ("$range(0, 10, 5)", json!([0, 5, 10])),
        ("$range(1, 9, 3)", json!([1, 4, 7])),
        ("$range(5, 1, -2)", json!([5, 3, 1])),
        ("$range(1, 0, 1)", json!([])),
        ("$range(0, 1, 0.5)", json!([0, 0.5, 1])),
        (
            "$hash('hello', 'MD5')",
            json!("5d41402abc4b2a76b9719d911017c592"),
        ),
        (
            "$hash('', 'SHA-1')",
            json!("da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ),
        ("$length($hash('x', 'SHA-256'))", json!(64)),
        ("$length($hash('x', 'SHA-384'))", json!(96)),
        ("$length($hash('x', 'SHA-512'))", json!(128)),
        ("$parse('{\"a\": [1, 2.0, null]}').a", json!([1, 2, null])),
        ("'[1]' ~> $parse", json!([1])),
        ("$random(5) = $random(5)", json!(true)),
        ("$random() != $random()", json!(true)),
        ("$random() >= 0 and $random(7) < 1", json!(true)),
        ("$length($uuid())", json!(36)),
        ("$substring($uuid(), 14, 1)", json!("4")),
        ("$uuid() != $uuid()", json!(true)),
    ]);
    assert_eq!(evaluate("$parse($nothing)"), Ok(None));
    assert_eq!(evaluate("$hash($nothing, 'MD5')"), Ok(None));
}

#[test]
fn errors_have_the_codes_and_the_texts_of_the_language() {
    for (source, text) in [
        (
            "$randomSeeded(1)",
            "T1006: Attempted to invoke a non-function",
        ),
        (
            "1 + 'a'",
            "T2002: The right side of the \"+\" operator must evaluate to a number",
        ),
        (
            "'a' < 1",
            "T2009: The values \"a\" and 1 either side of operator \"<\" must be of the same data type",
        ),
        (
            "$replace(1, 'a', 'b')",
            "T0410: Argument 1 of function \"replace\" does not match function signature",
        ),
        (
            "$partition([1], 0)",
            "T0410: Argument 2 of function \"partition\" does not match function signature",
        ),
        (
            "$range(1, 2, 0)",
            "T0410: Argument 3 of function \"range\" does not match function signature",
        ),
        (
            "$hash('a', 'CRC')",
            "T0410: Argument 2 of function \"hash\" does not match function signature",
        ),
        (
            "$random('a')",
            "T0410: Argument 1 of function \"random\" does not match function signature",
        ),
        (
            "$number('a')",
            "D3030: Unable to cast value to a number: \"a\"",
        ),
        ("$error('mine')", "D3137: mine"),
        (
            "$eval('1')",
            "U1001: The function $eval is not supported in a state machine: parse JSON with $parse",
        ),
        ("$sum([1])", "T1006: Attempted to invoke a non-function"),
    ] {
        assert_eq!(evaluate(source).unwrap_err().to_string(), text, "{source}");
    }
    assert_eq!(evaluate("$parse('{')").unwrap_err().code, "U1001");
    for source in [
        "", "1 +", "(", "a[", "'open", "$f(", "1 2", "{'a' 1}", "/open",
    ] {
        assert!(Program::compile(source).is_err(), "{source}");
    }
}

#[test]
fn nothing_is_nothing() {
    for source in [
        "$nothing",
        "$",
        "$$",
        "$states.input.nobody",
        "name",
        "{}.a",
        "[][0]",
        "()",
    ] {
        assert_eq!(evaluate(source), Ok(None), "{source}");
    }
}

#[test]
fn an_expression_tells_what_it_reads() {
    let program = Program::compile("$states.input.a.b + $x + $sum($y.z)").unwrap();
    assert_eq!(program.free_variables().collect::<Vec<_>>(), ["x", "y"]);
    let whole = json!({ "a": { "b": 1, "c": 2 }, "d": 3 });
    let reads = program.reads_of_states(|_| false);
    assert_eq!(
        reads.field("input").cut(&whole),
        Some(json!({ "a": { "b": 1 } }))
    );
    assert_eq!(reads.field("context").cut(&whole), None);
    let reads = program.reads_of_states(|name| name == "sum");
    assert_eq!(reads.field("context").cut(&whole), Some(whole.clone()));
    let seeded = Program::compile("$random($states.input.d)").unwrap();
    let reads = seeded.reads_of_states(|_| false);
    assert_eq!(reads.field("input").cut(&whole), Some(whole));
    assert!(seeded.may_roll() && !program.may_roll());
}

#[test]
fn a_long_evaluation_has_the_value_of_a_short_one() {
    // The first ends before it is weighed, the second is restarted.
    let short = evaluate("$map([1..3], function($i){[$i, $random(1)]})")
        .unwrap()
        .unwrap();
    let long = evaluate("$map([1..3000], function($i){[$i, $random(1)]})")
        .unwrap()
        .unwrap();
    assert_eq!(long[0], short[0]);
    assert_eq!(long.as_array().map(Vec::len), Some(3000));
    let rolls = evaluate("[1..3000].$random()").unwrap().unwrap();
    assert_eq!(rolls[0], evaluate("$random()").unwrap().unwrap());
}
