//! Expressions that try to crash, hang or exhaust memory. Each must end with an error or a value,
//! within limits that are counted.

use serde_json::{Map, Value, json};

use super::super::{Dialect, Fault, Given, Limits, Program};
use super::all;

fn evaluate(source: &str) -> Result<Option<Value>, Fault> {
    Program::compile(source)?.evaluate(&Given {
        input: None,
        variables: Map::from_iter([("text".to_owned(), json!("x".repeat(200_000)))]),
        now: 0,
        seed: 1,
        dialect: Dialect::Aws,
        limits: Limits::STATE,
    })
}

/// The code of the error that an expression ends with.
fn code(source: &str) -> String {
    match evaluate(source) {
        Err(fault) => fault.code,
        Ok(value) => {
            let value = value.map_or("nothing".to_owned(), |value| value.to_string());
            panic!("{source:.80}: {value:.200}")
        }
    }
}

const LIMIT: &str = "U1001";
const STEPS: &str = "U1006";
const DEPTH: &str = "D1011";

#[test]
fn endless_recursion_ends() {
    assert_eq!(code("($f := function($n){$n + $f($n)}; $f(1))"), DEPTH);
    assert_eq!(code("($f := function(){$f()}; $f())"), STEPS);
    assert_eq!(
        code("($f := function($x){$g($x)}; $g := function($x){$f($x)}; $f(1))"),
        STEPS
    );
    assert_eq!(code("($f := function($x){[$f($x)]}; $f(1))"), DEPTH);
}

#[test]
fn large_arrays_are_refused() {
    assert_eq!(code("[1..1000000000]"), "D2014");
    assert_eq!(code("[1..9000000]"), LIMIT);
    assert_eq!(code("$range(1, 1000000000, 1)"), LIMIT);
    assert_eq!(code("$range(0, 1, 0.0000000001)"), LIMIT);
    assert_eq!(code("$range(0, 1e308, 1e-308)"), LIMIT);
    assert_eq!(
        code("$reduce([1..40], function($a, $i){$append($a, $a)}, [1])"),
        LIMIT
    );
    assert_eq!(
        code("$reduce([1..40], function($a, $i){[$a, $a]}, [1])"),
        LIMIT
    );
    assert_eq!(code("$map([1..100000], function($i){[1..10000]})"), LIMIT);
    assert_eq!(
        code("($a := [1..100000]; $map($a, function($i){[$a].$}))"),
        LIMIT
    );
    assert_eq!(code("$split($pad('', 2000000, 'ab'), '')"), LIMIT);
    assert_eq!(code("($a := [1..10000]; [[1..300].($a)])"), LIMIT);
}

#[test]
fn large_texts_are_refused() {
    assert_eq!(code("$pad('', 9000000)"), LIMIT);
    assert_eq!(code("$pad('', 900000000)"), "D2016");
    assert_eq!(
        code("$reduce([1..40], function($a, $i){$a & $a}, 'x')"),
        LIMIT
    );
    assert_eq!(code("[1..10000].($pad('', 500000))"), LIMIT);
    assert_eq!(code("[1..10000].($text & 'x')"), LIMIT);
    assert_eq!(
        code("$join([1..200000].('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'))"),
        LIMIT
    );
    assert_eq!(code("$replace($text, 'x', $text)"), LIMIT);
    assert_eq!(
        code("$map([1..10000].$string(), function($x){$uppercase($text)})"),
        LIMIT
    );
}

#[test]
fn built_in_functions_that_are_used_as_values_cannot_hide_what_they_build() {
    assert_eq!(code("$map([1..100000].($text), $uppercase)"), LIMIT);
    assert_eq!(code("$map([1..10000], $pad('', ?))"), LIMIT);
    assert_eq!(code("($f := $uppercase; [1..1000000].$f($text))"), LIMIT);
    assert_eq!(code("[1..10000].($text ~> ($trim ~> $uppercase))"), LIMIT);
}

#[test]
fn regular_expressions_cannot_run_away() {
    assert_eq!(
        code("$match($substring($text, 0, 4000), /(x+x+)+(?=y)/)"),
        STEPS
    );
    assert_eq!(
        code("$contains($substring($text, 0, 100), /^(x|x)*(?=y)$/)"),
        STEPS
    );
    assert_eq!(code("$replace($text, /x(?=x)/, 'yy')"), LIMIT);
    for source in [
        "$count($match($text, /(x+x+)+y/))",
        "$count($match($text, /^(x|x)*y$/))",
    ] {
        assert_eq!(evaluate(source), Ok(Some(json!(0))), "{source}");
    }
    assert_eq!(
        evaluate("$length($replace($text, /x/, 'yy'))"),
        Ok(Some(json!(400_000)))
    );
}

#[test]
fn values_that_share_their_parts_cannot_explode() {
    let shared = "$reduce([1..60], function($a, $i){{'l': $a, 'r': $a}}, {})";
    assert_eq!(code(&format!("$string({shared})")), LIMIT);
    assert_eq!(code(shared), LIMIT);
    assert_eq!(code(&format!("$clone({shared})")), LIMIT);
    assert_eq!(code(&format!("({shared}).**")), LIMIT);
}

#[test]
fn deep_values_neither_overflow_the_stack_when_made_nor_when_dropped() {
    let deep = "$reduce([1..100000], function($a, $i){{'x': $a}}, 1)";
    assert_eq!(code(deep), LIMIT);
    assert_eq!(code(&format!("$string({deep})")), LIMIT);
    assert_eq!(evaluate(&format!("$count([{deep}])")), Ok(Some(json!(1))));
    let deep = "$reduce([1..100000], function($a, $i){[[$a]]}, 1)";
    assert_eq!(code(&format!("{deep} = {deep}")), LIMIT);
    let deep = "$reduce([1..100000], function($a, $i){function(){$a()}}, 1)";
    assert_eq!(
        evaluate(&format!("$type({deep})")),
        Ok(Some(json!("function")))
    );
}

#[test]
fn long_and_deep_expressions_are_refused_or_read() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{'a':", "}"), ("function(){", "}")] {
        let source = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(Program::compile(&source).unwrap_err().code, LIMIT, "{open}");
        assert!(Program::compile(&open.repeat(100_000)).is_err());
    }
    for (part, last) in [
        ("-", "1"),
        ("1+", "1"),
        ("a.", "b"),
        ("$x ~> ", "$y"),
        ("a ? b : ", "c"),
        ("$a := ", "1"),
        ("$", "a"),
        ("% .", "a"),
        ("1 & ", "1"),
    ] {
        let source = format!("{}{last}", part.repeat(100_000));
        if let Ok(program) = Program::compile(&source) {
            let given = Given {
                input: None,
                variables: Map::new(),
                now: 0,
                seed: 0,
                dialect: Dialect::Aws,
                limits: Limits::STATE,
            };
            let _ = program.evaluate(&given);
        }
    }
}

mod any_expression {
    use proptest::prelude::*;

    use super::*;

    const WORDS: &[&str] = &[
        "$",
        "$$",
        "$x",
        "$states.input",
        "a",
        "1",
        "-1",
        "0.5",
        "1e308",
        "'t'",
        "null",
        "true",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        "..",
        ",",
        ";",
        ":",
        ":=",
        "?",
        "??",
        "?:",
        "~>",
        "+",
        "-",
        "*",
        "/",
        "%",
        "**",
        "&",
        "=",
        "!=",
        "<",
        ">=",
        "and",
        "or",
        "in",
        "^(",
        "#$i",
        "@$v",
        "|",
        "/a+/",
        "function($x){",
        "$map(",
        "$reduce(",
        "$append",
        "$string(",
        "$pad('',",
        "$formatNumber(",
        "$fromMillis(",
        "$toMillis(",
        "$formatInteger(",
        "$replace(",
        "$match(",
        "$split(",
        "$eval(",
        "$partition(",
        "$range(",
        "$hash(",
        "$parse(",
        "$random(",
        "$uuid(",
        "$zip(",
        "$sort(",
        "$each(",
        "$lookup(",
        "$spread(",
        "$substring(",
        "$formatBase(",
        "#0.0",
        "'[Y]-[M01]'",
        "'#,##0;(0)'",
        "'w'",
    ];

    const SMALL: Limits = Limits {
        steps: 3_000,
        depth: 200,
        string_bytes: 16_384,
        array_items: 4_096,
        result_bytes: 65_536,
        touched_bytes: 4_194_304,
        searched_bytes: Limits::STATE.searched_bytes,
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn ends_with_a_value_or_an_error(
            words in prop::collection::vec(prop::sample::select(WORDS), 1..24),
            x in prop_oneof![Just(json!(null)), Just(json!([1, "a", {"a": [2]}])), Just(json!(3))],
        ) {
            if let Ok(program) = Program::compile(&words.join(" ")) {
                let given = Given {
                    input: Some(&x),
                    variables: Map::from_iter([("x".to_owned(), x.clone())]),
                    now: 0,
                    seed: 1,
                    dialect: Dialect::Aws,
                    limits: SMALL,
                };
                let first = program.evaluate(&given);
                prop_assert_eq!(&first, &program.evaluate(&given), "it repeats");
                if let Ok(Some(value)) = first {
                    prop_assert!(value.to_string().len() <= 2 * SMALL.result_bytes);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Program::compile(&text);
        }
    }
}

#[test]
fn a_hundred_thousand_items_are_told_apart() {
    all(&[
        ("$count($distinct([1..100000]))", json!(100_000)),
        ("$count($distinct($append([1..600], [1..700])))", json!(700)),
        ("$distinct($map([1..2000], function($v){1}))", json!(1)),
        ("$distinct([1, 1])", json!([1])),
    ]);
}
