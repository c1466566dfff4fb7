//! Every code of a problem, with the place it points at.

use std::collections::BTreeSet;
use std::path::Path;

use rampmeter_config::{Code, Config};

use crate::{cases, environment, json, on_aws, problems, read_file, target, toml, warned};

#[test]
fn each_problem_has_its_code_and_its_place() {
    for (text, code, place) in cases::all() {
        assert_eq!(problems(&text), [(code, place)], "{text}");
    }
}

#[test]
fn every_code_has_a_case() {
    let mut seen: BTreeSet<Code> = cases::all().into_iter().map(|(_, code, _)| code).collect();
    seen.extend(on_aws::refused().into_iter().map(|(_, code, _)| code));
    seen.extend(warned::cases().into_iter().map(|(_, code, _)| code));
    // These are about a file or the values of secrets as a whole, and have tests of their own.
    seen.extend([
        Code::MissingSecret,
        Code::Syntax,
        Code::UnreadableFile,
        Code::UnresolvedSubstitution,
    ]);
    let unseen: Vec<&Code> = Code::ALL
        .iter()
        .filter(|code| !seen.contains(code))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn a_file_that_does_not_parse_names_each_place() {
    let report = toml("a = \nb = 1\nc = = 2\n").unwrap_err();
    assert!(report.problems().len() >= 2, "{report}");
    assert!(
        report
            .problems()
            .iter()
            .all(|problem| problem.code == Code::Syntax)
    );
    for text in [
        "",
        "[]",
        "{\"a\": }",
        "{\"a\": 1,}",
        "{\"a\" 1}",
        "{a: 1}",
        "{\"a\": tru}",
        "{\"a\": 01}",
        "{\"a\": \"\\x\"}",
        "{\"a\": \"",
        "{} x",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": \"\n\"}",
        "{\"a\": -}",
    ] {
        let report = json(text).unwrap_err();
        let codes: Vec<Code> = report
            .problems()
            .iter()
            .map(|problem| problem.code)
            .collect();
        assert_eq!(codes, [Code::Syntax], "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let report = Config::load(Path::new("/nowhere/rampmeter.toml"), &environment).unwrap_err();
    assert_eq!(report.problems()[0].code, Code::UnreadableFile);
    assert_eq!(report.problems()[0].file, "/nowhere/rampmeter.toml");
}

#[test]
fn an_unresolved_substitution_points_into_its_definition() {
    let text = format!(
        "{}[workflows.a]\ndefinition = \"typo.asl.json\"",
        target("")
    );
    let report = toml(&text).unwrap_err();
    let problem = &report.problems()[0];
    assert_eq!(
        (problem.code, report.problems().len()),
        (Code::UnresolvedSubstitution, 1)
    );
    assert_eq!(problem.file, "/etc/rm/typo.asl.json");
    assert_eq!(
        problem.help.as_deref(),
        Some("did you mean `${NetsuiteHigh}`?")
    );
    assert_eq!(report.to_json()["problems"][0]["line"], 3);
}

#[test]
fn a_wrong_variable_is_named() {
    let environment = |name: &str| (name == "RAMPMETER_SERVER__AWS").then(|| "here".to_owned());
    let report =
        Config::parse("", Path::new("rampmeter.toml"), &environment, &read_file).unwrap_err();
    let problem = &report.problems()[0];
    assert_eq!((problem.code, problem.span.clone()), (Code::BadValue, None));
    assert!(
        report.to_string().contains("RAMPMETER_SERVER__AWS"),
        "{report}"
    );
}

#[test]
fn all_problems_are_reported_in_the_order_of_the_file() {
    let text = "[server]\nacount = \"1\"\nregion = 5\n[targets.a]\ntimeout = \"5\"\npreset = \"x\"";
    let codes: Vec<Code> = problems(text).into_iter().map(|(code, _)| code).collect();
    assert_eq!(
        codes,
        [
            Code::UnknownKey,
            Code::WrongType,
            Code::MissingKey,
            Code::BadDuration,
            Code::BadValue
        ]
    );
}
