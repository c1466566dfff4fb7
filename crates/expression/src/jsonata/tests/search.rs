//! Regular expressions: the linear engine gives the same results as the other one, and how much they may search.

use serde_json::{Map, Value, json};

use super::super::{Dialect, Fault, Given, Limits, Program};

fn evaluate(source: &str, text: &str, dialect: Dialect) -> Result<Option<Value>, Fault> {
    let limits = Limits::STATE;
    Program::compile(source)?.evaluate(&Given {
        input: None,
        variables: Map::from_iter([("text".to_owned(), json!(text))]),
        now: 0,
        seed: 1,
        dialect,
        limits,
    })
}

fn value(source: &str, text: &str) -> Value {
    evaluate(source, text, Dialect::Aws)
        .unwrap_or_else(|fault| panic!("{source:.80}: {fault}"))
        .unwrap_or(Value::Null)
}

#[test]
fn both_engines_answer_the_same() {
    let texts = [
        "",
        "a",
        "abc-d, e f",
        "2024-05-06 and 2023-01-02",
        "\u{1F600}x\u{e9} A\nb",
    ];
    let patterns = [
        "/[^a-z0-9]/",
        "/[0-9]+/",
        "/([0-9]{4})-([0-9]+)/",
        "/(a)|(b)/",
        "/A/i",
        "/^b/m",
        "/x*/",
        "/\\s+/",
        "/./",
        "/(?<y>[0-9]+)/",
        "/a(?=b)/",
        "/(.)\\1/",
    ];
    for text in texts {
        for pattern in patterns {
            for call in [
                "$replace($text, P, '<$1>$0$$')",
                "$replace($text, P, '_', 1)",
                "$replace($text, P, '_', 0)",
                "$replace($text, P, function($m){'[' & $m.match & $m.start & ',' & $m.end & $m.groups[0] & ']'})",
                "$replace($text, P, function($m){1})",
                "$replace($text, P, '_', -1)",
                "$match($text, P)",
                "$match($text, P, 2)",
                "$match($text, P).match",
                "$count($match($text, P))",
                "$split($text, P)",
                "$split($text, P, 2)",
                "$split($text, P, -1)",
                "$contains($text, P)",
                "$type(P)",
                "$text ~> $replace(P, '_')",
                "($f := P; $replace($text, $f, '_'))",
            ] {
                let source = call.replace('P', pattern);
                let (own, other) = (
                    evaluate(&source, text, Dialect::Aws),
                    evaluate(&source, text, Dialect::Plain),
                );
                assert_eq!(own, other, "{source} on {text:?}");
            }
        }
    }
}

#[test]
fn long_texts_are_searched_in_linear_time() {
    let text = "Some Vendor-Answer, with Signs; ".repeat(8_000);
    assert_eq!(
        value("$length($replace($text, /[^a-z0-9]/, ''))", &text),
        json!(8_000 * 21)
    );
    assert_eq!(
        value("$count($match($text, /[A-Z]/))", &text),
        json!(32_000)
    );
    assert_eq!(value("$count($split($text, /\\s+/))", &text), json!(32_001));
}

#[test]
fn a_search_that_looks_at_the_rest_for_each_match_is_counted_and_ends() {
    let fault = evaluate(
        "$replace($text, /.*[^A-Z]|[A-Z]/, '')",
        &"A".repeat(200_000),
        Dialect::Aws,
    );
    assert_eq!(fault.unwrap_err().code, "U1001");
}

#[test]
fn many_short_texts_are_searched() {
    let source = "$count($map([1..4000], function($v){$replace($string($v), /1/, 'y')}))";
    assert_eq!(value(source, ""), json!(4_000));
}

#[test]
fn built_in_functions_are_handed_about_on_long_lists() {
    let text = "word 123 \n".repeat(2_500);
    assert_eq!(
        value(
            "$length($join($map($split($text, '\n'), $trim), ' '))",
            &text
        ),
        json!(2_501 * 9 - 9)
    );
    assert_eq!(
        value("($trim := function($x){'own'}; $map([1, 2], $trim))", ""),
        json!(["own", "own"])
    );
    assert_eq!(value("$map(['a', 'b'], $uppercase)", ""), json!(["A", "B"]));
    assert_eq!(value("' a ' ~> $trim", ""), json!("a"));
    assert_eq!(
        value("($f := $trim ~> $uppercase; $f(' a '))", ""),
        json!("A")
    );
}

#[test]
fn a_state_may_compute_on_what_it_may_hold() {
    assert_eq!(value("$count([1..873782])", ""), json!(873_782));
    assert_eq!(value("$count($range(1, 200000, 1))", ""), json!(200_000));
    assert_eq!(value("$length($pad('', 4194304))", ""), json!(4_194_304));
    let join = "($a := [1..1000]; $b := $map($a, function($v){{'id': $v, 'n': $v}}); \
                $count($map($a, function($v){$b[id=$v].n})))";
    assert_eq!(value(join, ""), json!(1_000));
}
