//! Paths: what is one, what it finds, and how it fails.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Path, ReferencePath, Root};
use crate::budget::Budget;

fn document() -> Value {
    json!({
        "users": [
            {"name": "Ann", "year": 1997, "status": 0, "tags": ["a", "b"]},
            {"name": "Bob", "year": 1998, "status": 1},
            {"name": "Cy", "year": "1999", "status": 0, "manager": null},
        ],
        "limit": 1998,
        "a-b": {"c d": 1, "1": "one"},
        "Test\\\"\"Name\"": "escaped",
    })
}

fn find(path: &str) -> Value {
    let document = document();
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    path.find(&document, &Budget::new())
        .unwrap_or_else(|missing| panic!("{}: {missing}", path.text()))
        .into_owned()
}

#[test]
fn a_definite_path_finds_its_value() {
    for (path, expected) in [
        ("$.limit", json!(1998)),
        ("$['limit']", json!(1998)),
        ("$[\"limit\"]", json!(1998)),
        ("$.users[0].name", json!("Ann")),
        ("$.users[-1].name", json!("Cy")),
        ("$['users'][1]['name']", json!("Bob")),
        ("$.a-b['c d']", json!(1)),
        ("$.a-b.1", json!("one")),
        ("$.users[2].manager", json!(null)),
        ("$['Test\\\"\"Name\"']", json!("escaped")),
    ] {
        assert!(Path::parse(path).unwrap().is_definite(), "{path}");
        assert_eq!(find(path), expected, "{path}");
    }
    assert_eq!(find("$"), document());
}

#[test]
fn any_other_path_finds_a_list() {
    for (path, expected) in [
        ("$.users[*].name", json!(["Ann", "Bob", "Cy"])),
        ("$.users.*.name", json!(["Ann", "Bob", "Cy"])),
        ("$.users[0,2].name", json!(["Ann", "Cy"])),
        ("$.users[1:].name", json!(["Bob", "Cy"])),
        ("$.users[:1].name", json!(["Ann"])),
        ("$.users[-2:].name", json!(["Bob", "Cy"])),
        ("$.users[0:3:2].name", json!(["Ann", "Cy"])),
        ("$.users[5:9]", json!([])),
        ("$.users[0]['name','year']", json!(["Ann", 1997])),
        ("$..name", json!(["Ann", "Bob", "Cy"])),
        ("$..tags[0]", json!(["a"])),
        ("$.a-b.*", json!([1, "one"])),
        ("$.missing[*].x", json!([])),
        ("$.limit[:1]", json!([])),
    ] {
        assert!(!Path::parse(path).unwrap().is_definite(), "{path}");
        assert_eq!(find(path), expected, "{path}");
    }
}

#[test]
fn a_filter_keeps_the_items_that_meet_it() {
    for (filter, names) in [
        ("@.status == 0", json!(["Ann", "Cy"])),
        ("@.status != 0", json!(["Bob"])),
        ("@.status==0 && @.year < 2000", json!(["Ann"])),
        ("@.year >= 1998 || @.name == 'Ann'", json!(["Ann", "Bob"])),
        ("@.year == $.limit", json!(["Bob"])),
        ("@.tags", json!(["Ann"])),
        ("!@.tags", json!(["Bob", "Cy"])),
        ("!(@.status == 0)", json!(["Bob"])),
        ("@.manager == null", json!(["Cy"])),
        ("@.name in ['Ann', \"Cy\"]", json!(["Ann", "Cy"])),
        ("@.name nin ['Ann']", json!(["Bob", "Cy"])),
        ("@.year > 1.5e3", json!(["Ann", "Bob"])),
        ("@.tags[0] == 'a'", json!(["Ann"])),
        ("@.name > 'Ann'", json!(["Bob", "Cy"])),
        ("1 == 1", json!(["Ann", "Bob", "Cy"])),
        ("true == false", json!([])),
    ] {
        assert_eq!(
            find(&format!("$.users[?({filter})].name")),
            names,
            "{filter}"
        );
    }
}

#[test]
fn texts_that_are_no_paths_are_refused() {
    for text in [
        "",
        "x",
        "@.a",
        "$.",
        "$..",
        "$...a",
        "$.a.",
        "$[",
        "$[]",
        "$['a",
        "$['a'",
        "$[a]",
        "$.a b",
        "$[1:2:0]",
        "$[1:2:-1]",
        "$[99999999999999999999]",
        "$[?]",
        "$[?()]",
        "$[?(@.a ==)]",
        "$[?(@.a == 1]",
        "$.a)",
        "$.none()",
        "$.a.length().b",
        "$.a.index()",
        "$.a[?(@.x in [1)]",
        "$-a",
    ] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_path_knows_its_root() {
    assert_eq!(Path::parse("$.a").unwrap().root(), &Root::Input);
    assert_eq!(Path::parse("$$.a").unwrap().root(), &Root::Context);
    assert_eq!(Path::parse("$$").unwrap().root(), &Root::Context);
    assert_eq!(
        Path::parse("$name.a").unwrap().root(),
        &Root::Variable("name".to_owned())
    );
}

#[test]
fn a_path_knows_what_it_can_reach() {
    for (path, reaches) in [
        ("$$", true),
        ("$$.Execution", true),
        ("$$.Execution.Input", true),
        ("$$.Execution.Input.a.b", true),
        ("$$['Execution']['Input']", true),
        ("$$.*", true),
        ("$$..Input", true),
        ("$$.Execution.Id", false),
        ("$$.Task.Token", false),
    ] {
        let path = Path::parse(path).unwrap();
        assert_eq!(
            path.may_reach(&["Execution", "Input"]),
            reaches,
            "{}",
            path.text()
        );
    }
}

#[test]
fn a_path_that_points_to_nothing_says_where_it_stopped() {
    for (path, reason) in [
        ("$.no", "No results for path: $['no']"),
        ("$.no.such", "Missing property in path $['no']"),
        ("$.users[3]", "No results for path: $['users'][3]"),
        ("$.users[-4]", "No results for path: $['users'][-4]"),
        (
            "$.limit.x",
            "Expected to find an object with property ['x'] in path $['limit'] but found a number",
        ),
        (
            "$.limit[0]",
            "Filter: [0] can only be applied to arrays. Current context is: 1998",
        ),
    ] {
        let missing = Path::parse(path)
            .unwrap()
            .find(&document(), &Budget::new())
            .unwrap_err();
        assert_eq!(missing.to_string(), reason);
    }
}

#[test]
fn only_a_definite_path_below_the_input_is_a_reference_path() {
    for text in ["$", "$.a", "$['a'][0].b"] {
        assert!(ReferencePath::parse(text).is_ok(), "{text}");
    }
    for text in [
        "$$.a",
        "$v.a",
        "$.a[*]",
        "$..a",
        "$.a[0:1]",
        "$.a[?(@.b)]",
        "a",
        "",
    ] {
        assert!(ReferencePath::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_reference_path_writes_the_path_finds(names in prop::collection::vec("[^'\\\\\\p{C}]{0,6}", 0..6)) {
        let text = names.iter().fold("$".to_owned(), |text, name| format!("{text}['{name}']"));
        let mut document = json!({});
        prop_assert_eq!(ReferencePath::parse(&text).unwrap().write(&mut document, json!("written")), Ok(()));
        let path = Path::parse(&text).unwrap();
        let found = path.find(&document, &Budget::new()).unwrap().into_owned();
        prop_assert_eq!(found, json!("written"));
    }

    #[test]
    fn a_slice_is_what_the_same_range_of_the_array_is(len in 0..20_usize, start in 0..25_usize, end in 0..25_usize, step in 1..5_usize) {
        let items: Vec<_> = (0..len).collect();
        let expected: Vec<_> =
            (start..end.min(len)).step_by(step).filter_map(|at| items.get(at)).copied().collect();
        let document = json!(items);
        let path = Path::parse(&format!("$[{start}:{end}:{step}]")).unwrap();
        let found = path.find(&document, &Budget::new()).unwrap().into_owned();
        prop_assert_eq!(found, json!(expected));
    }
}

#[test]
fn a_bracket_may_follow_a_dot() {
    for (path, expected) in [
        ("$.['limit']", json!(1998)),
        ("$.users.[0].name", json!("Ann")),
        (
            "$.users.[*].['name', 'status']",
            json!(["Ann", 0, "Bob", 1, "Cy", 0]),
        ),
        ("$.users.[ 1 ].year", json!(1998)),
        ("$..[0].name", json!(["Ann"])),
        (" $.limit ", json!(1998)),
    ] {
        assert_eq!(find(path), expected, "{path}");
    }
    assert!(ReferencePath::parse("$.['a'].[0]").is_ok());
}

#[test]
fn a_filter_has_the_operators_of_the_library() {
    for (filter, names) in [
        ("@.name == Ann", json!(["Ann"])),
        ("@.name in [Ann, Cy]", json!(["Ann", "Cy"])),
        ("@.name IN ['Ann']", json!(["Ann"])),
        ("@.name =~ /a.*/i", json!(["Ann"])),
        ("@.name =~ /n/", json!([])),
        ("@.tags contains 'b'", json!(["Ann"])),
        ("@.name contains 'n'", json!(["Ann"])),
        ("@.tags all ['a', 'b']", json!(["Ann"])),
        ("@.tags subsetof ['a','b','c']", json!(["Ann"])),
        ("@.tags anyof ['b', 'x']", json!(["Ann"])),
        ("@.tags noneof ['x']", json!(["Ann"])),
        ("@.tags size 2", json!(["Ann"])),
        ("@.tags empty false", json!(["Ann"])),
        ("@.tags empty true", json!([])),
        ("@.tags[?(@ == 'b')]", json!(["Ann"])),
        ("@.tags.length() > 1", json!(["Ann"])),
        ("@.year == $.users[1].year", json!(["Bob"])),
        ("@['name']=='Cy'", json!(["Cy"])),
        ("@.integer == 1 || @.name == 'Cy'", json!(["Cy"])),
    ] {
        assert_eq!(
            find(&format!("$.users[?({filter})].name")),
            names,
            "{filter}"
        );
    }
}

#[test]
fn a_path_may_end_with_a_function() {
    for (path, expected) in [
        ("$.users.length()", json!(3)),
        ("$.length()", json!(4)),
        ("$.users[0].tags.size()", json!(2)),
        ("$.limit.length()", json!(null)),
        ("$.users[0].tags.first()", json!("a")),
        ("$.users.last().name", json!("Cy")),
        ("$.users.index(1).name", json!("Bob")),
        ("$.a-b.keys()", json!(["c d", "1"])),
        ("$.users[0].tags.concat('x')", json!("abx")),
        ("$.users[0].tags.append('x', 1)", json!(["a", "b", "x", 1])),
        ("$..status.sum()", json!(1.0)),
        ("$..status.max()", json!(1.0)),
        ("$..status.min()", json!(0.0)),
        ("$.max($.limit, 3)", json!(1998.0)),
        ("$.avg($..status)", json!(1.0 / 3.0)),
        ("$.users[*].tags.length()", json!([2])),
    ] {
        assert_eq!(find(path), expected, "{path}");
    }
    let empty = Path::parse("$.users[0].name.sum()").unwrap();
    assert!(empty.find(&document(), &Budget::new()).is_err());
    assert!(ReferencePath::parse("$.a.length()").is_err());
}

#[test]
fn filters_in_filters_cost_what_they_look_at() {
    let items: Vec<_> = (0..300).collect();
    let path = "$[?($[?($[?($[?(@ < 0)].length() > 0)].length() > 0)].length() > 0)]";
    let path = Path::parse(path).unwrap();
    assert!(path.find(&json!(items), &Budget::new()).is_err());
    let deep = "$".to_owned() + &"[?(@".repeat(9) + &")]".repeat(9);
    assert!(Path::parse(&deep).is_err());
}

#[test]
fn a_refused_path_says_how_it_is_written() {
    for (path, hint) in [
        ("$.a b", "['name']"),
        ("$. a", "['name']"),
        ("$.a[last]", "[-1]"),
        ("$.a[(@.length-1)]", "[-1]"),
        ("$.a[]", "[*]"),
        ("$.a[?@.b==1]", "[?(@.name == 'value')]"),
        ("$.a[?(@.b = 1)]", "'=='"),
        ("$.a[?(@.b <> 1)]", "'!='"),
        ("$.a[?(@.b == 1 and @.c == 2)]", "'&&'"),
        ("$.a[?(@.b == two words)]", "quotes"),
        ("a.b", "'$'"),
    ] {
        let told = Path::parse(path).unwrap_err().to_string();
        assert!(told.contains(hint), "{path}: {told}");
    }
}

#[test]
fn a_backslash_takes_the_meaning_from_a_sign_in_a_name() {
    let document = json!({"store.book": 1, "store": {"book": 2}, "a@b": {"c[[": {"?d": 3}}, "&\u{416}": 4, "x y": 5});
    for (path, expected) in [
        (r"$.store\.book", 1),
        (r"$.\stor\e.boo\k", 2),
        (r"$.a\@b.c\[\[.\?d", 3),
        ("$.&\u{416}", 4),
        (r"$.x\ y", 5),
    ] {
        let path = Path::parse(path).unwrap();
        assert_eq!(
            *path.find(&document, &Budget::new()).unwrap(),
            json!(expected),
            "{path:?}"
        );
    }
}
