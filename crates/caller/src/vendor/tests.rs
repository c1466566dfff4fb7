//! What holds for every vendor, and what the tests of each begin with.

use serde_json::{Value, json};

use super::*;

/// An answer without headers.
pub(crate) fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        body,
        ..Answer::default()
    }
}

/// An answer with headers and no body.
pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)]) -> Answer {
    Answer {
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..answer(status, Value::String(String::new()))
    }
}

/// What an answer that took so many seconds means, and the pause that follows from the rules.
pub(crate) fn judged(preset: Preset, answer: &Answer, took: u64) -> (Meaning, Option<Duration>) {
    let vendor = preset.vendor();
    let code = vendor.code(&[], answer);
    let seen = Seen {
        answer,
        code: code.as_deref(),
        took: Duration::from_secs(took),
    };
    vendor.judge(&[], &seen)
}

#[test]
fn a_signal_fits_by_status_and_code() {
    let answer = answer(409, Value::Null);
    let seen = |code| Seen {
        answer: &answer,
        code,
        took: Duration::ZERO,
    };
    assert!(Signal::of(409, "A", Meaning::Final).fits(&seen(Some("A"))));
    assert!(!Signal::of(409, "A", Meaning::Final).fits(&seen(Some("B"))));
    assert!(!Signal::of(409, "A", Meaning::Final).fits(&seen(None)));
    assert!(!Signal::of(400, "A", Meaning::Final).fits(&seen(Some("A"))));
    assert!(Signal::status(409, Meaning::Final).fits(&seen(Some("B"))));
    let any = Signal {
        status: None,
        ..Signal::of(0, "A", Meaning::Final)
    };
    assert!(any.fits(&seen(Some("A"))));
}

#[test]
fn every_suggested_limit_says_where_its_number_comes_from() {
    for preset in Preset::ALL.iter().copied() {
        let vendor = preset.vendor();
        assert_eq!(vendor.name.parse(), Ok(preset));
        for limit in vendor.limits {
            assert!(limit.note.len() > 20, "{}", limit.name);
        }
    }
}

#[test]
fn only_the_vendors_own_words_say_that_something_is_not_there() {
    let netsuite = |code: &str| json!({"o:errorDetails": [{"o:errorCode": code}]});
    let salesforce = |message: &str| json!([{"errorCode": "NOT_FOUND", "message": message}]);
    let sap = |code: &str| json!({"error": {"code": code}});
    let page = || json!("<html>404</html>");
    for (preset, body, absent) in [
        (Preset::Http, json!({"title": "Not Found"}), true),
        (Preset::Http, json!(""), true),
        (Preset::Http, page(), false),
        (Preset::NetSuite, netsuite("NONEXISTENT_ID"), true),
        (Preset::NetSuite, netsuite("INVALID_ID"), false),
        (Preset::NetSuite, json!({}), false),
        (Preset::NetSuite, page(), false),
        (
            Preset::Salesforce,
            salesforce("The requested resource does not exist"),
            true,
        ),
        (
            Preset::Salesforce,
            salesforce("Provided external ID field does not exist"),
            false,
        ),
        (Preset::Salesforce, page(), false),
        (Preset::SapOData, sap("/IWBEP/CM_MGW_RT/020"), true),
        (Preset::SapOData, sap("/IWFND/MED/170"), false),
        (Preset::SapOData, page(), false),
        (Preset::SapSuccessFactors, sap("COE_NOT_FOUND"), true),
        (Preset::SapSuccessFactors, json!(""), false),
    ] {
        let answer = answer(404, body);
        let found = (preset.vendor().is_absent)(&answer);
        assert_eq!(found, absent, "{preset} {answer:?}");
    }
}
