//! How problems look: the exact text of several; the others go through the same renderer.

use crate::{json, limit, target, toml};

fn shown(text: &str) -> String {
    toml(text).unwrap_err().to_string()
}

#[test]
fn an_unknown_key_is_shown_with_a_suggestion() {
    let expected = r#"error[RM0102]: unknown key `admn`
 --> /etc/rm/rampmeter.toml:2:1
  |
2 | admn = "a"
  | ^^^^ not a key of [server]
  |
  = help: did you mean `admin`?
  = see: rampmeter explain RM0102"#;
    assert_eq!(shown("[server]\nadmn = \"a\"\n"), expected);
}

#[test]
fn reserves_over_the_limit_are_shown_with_the_limit() {
    let text = limit("concurrency = 12\nreserve = { HIGH = 8, MEDIUM = 6 }");
    let expected = r"error[RM4003]: the reserves exceed the limit
 --> /etc/rm/rampmeter.toml:6:11
  |
5 | concurrency = 12
  |               -- the whole limit
6 | reserve = { HIGH = 8, MEDIUM = 6 }
  |           ^^^^^^^^^^^^^^^^^^^^^^^^ 14 places promised
  |
  = note: a reserve is a guarantee, and cannot be over-booked
  = help: lower one of them, or raise `concurrency`
  = see: rampmeter explain RM4003";
    assert_eq!(shown(&text), expected);
}

#[test]
fn a_secret_in_the_file_is_shown_as_asterisks() {
    let text = target(r#"auth = { kind = "bearer", secret = "hunter2" }"#);
    let expected = r#"error[RM0203]: `secret` must be a reference, not the secret itself
 --> /etc/rm/rampmeter.toml:3:36
  |
3 | auth = { kind = "bearer", secret = "*******" }
  |                                    ^^^^^^^^^ not shown
  |
  = note: this file is read, copied and committed; a secret in it does not stay one
  = help: write secret = "${env:NAME}" or "${file:PATH}"
  = see: rampmeter explain RM0203"#;
    assert_eq!(shown(&text), expected);
}

#[test]
fn a_missing_variable_is_shown_at_its_reference() {
    let text = target(r#"auth = { kind = "bearer", secret = "${env:UNSET}" }"#);
    let expected = r#"error[RM0201]: the environment variable UNSET is not set
 --> /etc/rm/rampmeter.toml:3:36
  |
3 | auth = { kind = "bearer", secret = "${env:UNSET}" }
  |                                    ^^^^^^^^^^^^^^ needed here
  |
  = help: set it before the start: export UNSET=...
  = see: rampmeter explain RM0201"#;
    assert_eq!(shown(&text), expected);
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    let expected = r"error[RM0101]: the file is not valid TOML
 --> /etc/rm/rampmeter.toml:1:8
  |
1 | [server
  |        ^ unclosed table, expected `]`
  |
  = note: the rest of the file is checked once this is fixed
  = see: rampmeter explain RM0101";
    assert_eq!(shown("[server\n"), expected);
}

#[test]
fn broken_json_is_shown_where_it_breaks() {
    let expected = r#"error[RM0101]: the file is not valid JSON
 --> /etc/rm/rampmeter.json:2:14
  |
2 |   "server": {,}
  |              ^ a key in double quotes is expected here
  |
  = note: the rest of the file is checked once this is fixed
  = see: rampmeter explain RM0101"#;
    let report = json("{\n  \"server\": {,}\n}").unwrap_err();
    assert_eq!(report.to_string(), expected);
}

#[test]
fn several_problems_are_shown_one_after_the_other() {
    let expected = r"error[RM0108]: the file's version is not 1
 --> /etc/rm/rampmeter.toml:1:11
  |
1 | version = 2
  |           ^
  |
  = note: this program reads version 1
  = see: rampmeter explain RM0108

error[RM0102]: unknown key `LOW`
 --> /etc/rm/rampmeter.toml:3:1
  |
3 | LOW = {}
  | ^^^ not a key of [slo]
  |
  = help: its keys are HIGH, MEDIUM, BATCH
  = see: rampmeter explain RM0102";
    assert_eq!(shown("version = 2\n[slo]\nLOW = {}"), expected);
}

#[test]
fn colour_changes_no_word() {
    let report = toml("version = 2").unwrap_err();
    let colored = report.render(true);
    assert!(colored.contains("\u{1b}["), "{colored}");
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((text, after)) = rest.split_once('\u{1b}') {
        plain.push_str(text);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    assert_eq!(plain, report.to_string());
}

#[test]
fn a_report_is_also_json() {
    let report = toml("[server]\nadmn = \"a\"\n").unwrap_err();
    let expected = serde_json::json!({
        "schema": "rampmeter.problems.v1",
        "problems": [{
            "code": "RM0102",
            "severity": "error",
            "message": "unknown key `admn`",
            "file": "/etc/rm/rampmeter.toml",
            "line": 2,
            "column": 1,
            "label": "not a key of [server]",
            "note": null,
            "help": "did you mean `admin`?",
        }],
    });
    assert_eq!(report.to_json(), expected);
}
