//! What is wrong with a text that should be JSON, in the words that AWS answers with. They are those of Jackson, the
//! parser that AWS uses. What Jackson would take, but this host does not, is told in words of our own.

mod scan;

use serde::de::IgnoredAny;
use serde_json::Value;

/// What Jackson says of a text, and the place that it gives with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// What is wrong.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column behind what was read, from 1, in Java's characters.
    pub column: usize,
}

/// What AWS says about a text that is not JSON, such as `Unrecognized token 'not': was expecting ...`
/// (recorded for an unknown word, an unquoted field name and an empty text; the rest follows
/// Jackson's `ReaderBasedJsonParser`). A text that is JSON but nests too deeply gets our own words
/// too.
#[must_use]
pub fn json_problem(text: &str) -> String {
    if text.trim_ascii().is_empty() {
        return "Invalid execution input.".to_owned();
    }
    // Ignored values are read less strictly than kept ones: half of a surrogate pair passes, and so does any
    // depth.
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => not_held(text),
        Err(error) => json_fault(text).map_or_else(|| error.to_string(), |fault| fault.message),
    }
}

/// The first fault that Jackson finds in a text, if it finds one.
#[must_use]
pub fn json_fault(text: &str) -> Option<JsonFault> {
    scan::first_fault(text)
}

/// How much of the text Jackson repeats where it names a place.
const SOURCE_LIMIT: usize = 500;

/// A place in a text, as Jackson writes it.
#[must_use]
pub fn source(text: &str, line: usize, column: usize) -> String {
    let mut shown = String::new();
    for letter in text.chars().take(SOURCE_LIMIT) {
        if letter.is_control() && letter != '\r' && letter != '\n' {
            shown.push_str(&format!("\\u{:04X}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    let cut = match text.chars().count().saturating_sub(SOURCE_LIMIT) {
        0 => String::new(),
        rest => format!("[truncated {rest} chars]"),
    };
    format!("[Source: (String)\"{shown}\"{cut}; line: {line}, column: {column}]")
}

const VALUES: &str = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";

/// Why a text that is JSON cannot be held as a value.
fn not_held(text: &str) -> String {
    let why =
        serde_json::from_str::<Value>(text).map_or_else(|why| why.to_string(), |_| String::new());
    let place = |why: &str| {
        why.rsplit_once(" at ")
            .map_or(String::new(), |(_, at)| format!(" (at {at})"))
    };
    if why.contains("hex escape") || why.contains("surrogate") {
        format!(
            "A \\u escape is half of a character: a lone surrogate{}",
            place(&why)
        )
    } else {
        format!(
            "The JSON nests deeper than {} levels",
            crate::payload::DEPTH_LIMIT
        )
    }
}

/// A character and its code.
fn shown(char: char) -> String {
    let code = u32::from(char);
    match code {
        _ if char.is_control() => format!("(CTRL-CHAR, code {code})"),
        0..256 => format!("'{char}' (code {code})"),
        _ => format!("'{char}' (code {code} / 0x{code:x})"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_are_those_that_aws_was_recorded_with() {
        for (text, words) in [
            ("", "Invalid execution input."),
            (
                "not some json",
                "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or \
                 token 'null', 'true' or 'false')",
            ),
            (
                "{'not': 'json'",
                "Unexpected character (''' (code 39)): was expecting double-quote to start field \
                 name",
            ),
        ] {
            assert_eq!(json_problem(text), words);
        }
    }

    fn told(all: &[(&str, &str)]) {
        for (text, words) in all {
            let problem = json_problem(text);
            assert!(problem.contains(words), "{text}: {problem}");
        }
    }

    #[test]
    fn what_stands_in_the_wrong_place_is_told_as_jackson_tells_it() {
        told(&[
            ("{\"a\": 'b'}", "(''' (code 39)): expected a valid value"),
            (
                "{\"a\": \u{20ac}}",
                "('\u{20ac}' (code 8364 / 0x20ac)): expected a valid",
            ),
            (
                "{\"a\":\n  yes}",
                "Unrecognized token 'yes': was expecting (",
            ),
            ("[nul]", "Unrecognized token 'nul': was expecting ("),
            (
                "{\"a\" 1}",
                "('1' (code 49)): was expecting a colon to separate",
            ),
            (
                "{\"a\":1 \"b\":2}",
                "('\"' (code 34)): was expecting comma to separate Object",
            ),
            (
                "[1 2]",
                "('2' (code 50)): was expecting comma to separate Array entries",
            ),
            (
                "{a: 1}",
                "('a' (code 97)): was expecting double-quote to start field name",
            ),
            ("{} x", "trailing characters"),
            (
                "[1}",
                "Unexpected close marker '}': expected ']' (for Array",
            ),
            ("{\"a\":}", "('}' (code 125)): expected a value"),
        ]);
    }

    #[test]
    fn what_ends_early_is_told_as_jackson_tells_it() {
        told(&[
            (
                "{\"a\":",
                "Unexpected end-of-input within/between Object entries",
            ),
            (
                "[1,",
                "Unexpected end-of-input within/between Array entries",
            ),
            (
                "{\"a\":1",
                "Unexpected end-of-input: expected close marker for Object (start marker at \
                 [Source: (String)\"{\"a\":1\"; line: 1, column: 1])",
            ),
            (
                "{\"a\":\n [",
                "expected close marker for Array (start marker at [Source: (String)\"{\"a\":\n \
                 [\"; line: 2, column: 2])",
            ),
            (
                "\"abc",
                "Unexpected end-of-input: was expecting closing quote for a string value",
            ),
            ("{\"abc", "Unexpected end-of-input in field name"),
        ]);
    }

    #[test]
    fn faults_of_numbers_and_letters_are_told_as_jackson_tells_them() {
        told(&[
            ("[01]", "Invalid numeric value: Leading zeroes not allowed"),
            (
                "[1.]",
                "(']' (code 93)) in numeric value: Decimal point not followed by a digit",
            ),
            (
                "[-x]",
                "in numeric value: expected digit (0-9) to follow minus sign",
            ),
            (
                "1x",
                "('x' (code 120)): Expected space separating root-level",
            ),
            (
                "[\"a\tb\"]",
                "Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using",
            ),
            ("[\"\\x\"]", "Unrecognized character escape 'x' (code 120)"),
            (
                "[\"\\u00g0\"]",
                "expected a hex-digit for character escape sequence",
            ),
            ("[tru]", "Unrecognized token 'tru': was expecting ("),
            ("[truer]", "Unrecognized token 'truer': was expecting ("),
            (
                "[NaN]",
                "Non-standard token 'NaN': enable JsonParser.Feature",
            ),
            ("[\u{1}1]", "Illegal character ((CTRL-CHAR, code 1)): only"),
        ]);
    }

    #[test]
    fn deep_and_endless_texts_are_told_briefly() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(json_problem(&deep), "The JSON nests deeper than 127 levels");
        let endless = json_problem(&"x".repeat(200_000));
        assert!(endless.contains("xxx...': was expecting") && endless.len() < 400);
        assert!(json_problem(&"[".repeat(200_000)).starts_with("Unexpected end-of-input"));
    }

    #[test]
    fn half_a_character_is_called_so() {
        for half in [
            r#"{"a":"\ud800"}"#,
            r#"["\udc00"]"#,
            r#""\ud800\ud800""#,
            r#"{"\ud800":1}"#,
        ] {
            let said = json_problem(half);
            assert!(
                said.starts_with("A \\u escape is half of a character"),
                "{half}: {said}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_has_a_problem_in_words(text in "[\\[\\]{}\":,a-z0-9 '\n\u{e9}\u{20ac}-]{0,20}") {
            prop_assert!(!json_problem(&text).is_empty());
        }

        #[test]
        fn json_has_no_fault_and_what_has_one_is_no_json(text in "[\\[\\]{}\":,0-9e.\\\\ tru-]{0,12}") {
            let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert!(!is_json || json_fault(&text).is_none(), "{:?}", json_fault(&text));
        }
    }
}
