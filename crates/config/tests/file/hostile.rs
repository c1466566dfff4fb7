//! Files that mean harm, or are only broken: they are refused, and nothing panics.

use proptest::prelude::*;

use crate::{json, toml};

#[test]
fn deep_nesting_is_refused() {
    let deep = 100_000;
    for text in [
        format!("a = {}", "[".repeat(deep)),
        format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{} = 1", vec!["a"; deep].join(".")),
        format!("[{}]", vec!["a"; deep].join(".")),
        "a = { b = ".repeat(deep),
    ] {
        assert!(!toml(&text).unwrap_err().problems().is_empty());
    }
    for text in ["[".repeat(deep), "{\"a\":".repeat(deep)] {
        assert!(!json(&text).unwrap_err().problems().is_empty());
    }
}

#[test]
fn a_huge_file_of_problems_is_reported_in_part() {
    let text: String = (0..20_000).map(|n| format!("key{n} = 1\n")).collect();
    let report = toml(&text).unwrap_err();
    assert_eq!(report.problems().len(), 20_000);
    assert!(report.to_string().ends_with("... and 19950 more problems"));
}

#[test]
fn long_names_are_cut_in_messages() {
    let report = toml(&format!("{} = 1", "x".repeat(100_000))).unwrap_err();
    assert!(report.problems()[0].message.len() < 200);
}

/// Pieces of configuration files, so that random texts get past the parser.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z\"'={}\\[\\]., \n0-9$:é]{0,6}",
        prop::sample::select(vec![
            "[server]\n",
            "[targets.a]\n",
            "[[targets.a.limits]]\n",
            "[workflows.a]\n",
            "[slo]\n",
            "aws = ",
            "base_url = ",
            "auth = ",
            "kind = ",
            "{ ",
            " }",
            "[",
            "]",
            "\"${env:TOKEN}\"",
            "\"${file:secret.txt}\"",
            "\"${\"",
            "concurrency = ",
            "calls = ",
            "per = ",
            "reserve = ",
            "max_deferrals = ",
            "\"1m\"",
            "0",
            "-1",
            "12",
            "true",
            "\n",
            "limits = ",
            "definition = ",
            "\"order.asl.json\"",
            "substitutions = ",
            "HIGH = ",
            "retry = ",
            "headers = ",
            "1979-05-27",
            "name = \"a\"\n",
            "\"\"\"",
            "'''",
            "# x\n",
            "\\u0000",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Pieces that break a file on one line.
fn broken() -> impl Strategy<Value = String> {
    "[a-z={}\\[\\],: \n\"0-9]{0,8}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_toml_panic(text in pieces()) {
        if let Err(report) = toml(&text) {
            prop_assert!(!report.to_string().is_empty());
            prop_assert!(!report.to_string().contains("canary"));
        }
    }

    #[test]
    fn no_broken_file_shows_its_secrets(before in broken(), after in broken()) {
        let secret = "auth = { kind = \"bearer\", secret = \"canary\" }";
        let json_secret = "\"auth\": { \"kind\": \"bearer\",\n\"secret\":\n\"canary\" }";
        for report in [
            toml(&format!("{before}\n{secret}{after}")),
            toml(&format!("[targets.a]{before}\n[targets.a.auth]\nx = \"canary\"{after}")),
            json(&format!("{{{before}{json_secret}{after}}}")),
        ] {
            let shown = report.map_or_else(|report| report.to_string(), |config| format!("{config:?}"));
            prop_assert!(!shown.contains("canary"), "{}", shown);
        }
    }

    #[test]
    fn no_text_makes_json_panic(text in "[{}\\[\\]\":,a-z0-9\\\\é \n.-]{0,40}") {
        let ours = json(&text);
        if let Err(report) = &ours {
            prop_assert!(!report.to_string().is_empty());
        }
        // What is refused as JSON is what the reference parser refuses, or is no object.
        let syntax = matches!(&ours, Err(report)
            if report.problems()[0].code == rampmeter_config::Code::Syntax);
        let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
        if theirs.is_err() {
            prop_assert!(syntax, "{}", text);
        }
    }
}
