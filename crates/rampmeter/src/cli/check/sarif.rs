//! Problems in SARIF, which code hosts and editors read: one run, a rule for each code, a result for each problem.
//! Standard: OASIS SARIF 2.1.0, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The schema that the log follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A log of problems, each with the members that `check --format json` gives it. `meaning` says what a code means.
pub(super) fn log(problems: &[Value], meaning: impl Fn(&str) -> Option<&'static str>) -> Value {
    let codes: BTreeMap<&str, usize> = problems.iter().map(|problem| (code(problem), 0)).collect();
    let codes: BTreeMap<&str, usize> = codes
        .into_keys()
        .enumerate()
        .map(|(index, code)| (code, index))
        .collect();
    let rules: Vec<Value> = codes
        .keys()
        .map(|code| {
            json!({
                "id": code,
                "shortDescription": { "text": meaning(code).unwrap_or(code) },
                "help": { "text": format!("rampmeter explain {code}") },
            })
        })
        .collect();
    let results: Vec<Value> = problems
        .iter()
        .map(|problem| result(problem, codes[code(problem)]))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rampmeter",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn code(problem: &Value) -> &str {
    problem["code"].as_str().unwrap_or_default()
}

fn result(problem: &Value, rule: usize) -> Value {
    let mut result = json!({
        "ruleId": code(problem),
        "ruleIndex": rule,
        "level": if problem["severity"] == "warning" { "warning" } else { "error" },
        "message": { "text": message(problem) },
    });
    if let Some(file) = problem["file"].as_str().filter(|file| !file.is_empty()) {
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let (Some(line), Some(column)) = (problem["line"].as_u64(), problem["column"].as_u64()) {
            place["region"] = json!({ "startLine": line, "startColumn": column });
        }
        let mut location = json!({ "physicalLocation": place });
        if let Some(pointer) = problem["location"].as_str().filter(|text| !text.is_empty()) {
            location["logicalLocations"] = json!([{ "fullyQualifiedName": pointer }]);
        }
        result["locations"] = json!([location]);
    }
    if let Some(aws_code) = problem["aws_code"].as_str() {
        result["properties"] = json!({ "awsCode": aws_code });
    }
    result
}

/// What is wrong and what to do, in one text: viewers show no more than that.
fn message(problem: &Value) -> String {
    let message = problem["message"].as_str().unwrap_or_default();
    match problem["help"].as_str() {
        Some(help) => format!("{message}\nhelp: {help}"),
        None => message.to_owned(),
    }
}

/// The path of a file as a URI reference (RFC 3986), relative if the path is.
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    for byte in file.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: &str, severity: &str) -> Value {
        json!({
            "code": code, "severity": severity, "message": "what is wrong", "help": "do this",
            "file": "my flows/a.asl.json", "line": 3, "column": 7, "location": "/States/A",
            "aws_code": "MISSING_TRANSITION_TARGET",
        })
    }

    #[test]
    fn a_result_has_its_rule_its_level_and_its_place() {
        let problems = [problem("RM1101", "warning"), problem("RM1001", "error")];
        let log = log(&problems, |_| Some("A meaning."));
        let run = &log["runs"][0];
        assert_eq!(
            (&log["version"], run["results"].as_array().map(Vec::len)),
            (&json!("2.1.0"), Some(2))
        );
        for (result, level) in run["results"]
            .as_array()
            .expect("results")
            .iter()
            .zip(["warning", "error"])
        {
            let rule =
                usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
            assert_eq!(result["level"], level);
            assert_eq!(result["message"]["text"], "what is wrong\nhelp: do this");
            let place = &result["locations"][0];
            assert_eq!(
                place["physicalLocation"]["artifactLocation"]["uri"],
                "my%20flows/a.asl.json"
            );
            assert_eq!(
                place["physicalLocation"]["region"],
                json!({ "startLine": 3, "startColumn": 7 })
            );
            assert_eq!(
                place["logicalLocations"][0]["fullyQualifiedName"],
                "/States/A"
            );
        }
    }

    #[test]
    fn no_problems_are_an_empty_run_and_not_no_run() {
        let log = log(&[], |_| None);
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
    }

    #[test]
    fn a_problem_of_no_file_has_no_location() {
        let mut homeless = problem("RM0102", "error");
        homeless["file"] = json!("");
        let log = log(&[homeless], |_| None);
        assert_eq!(log["runs"][0]["results"][0].get("locations"), None);
    }
}
