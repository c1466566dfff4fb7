//! What is wrong with a text that should be the JSON input of an execution, in AWS's words. They
//! are those of Jackson, the parser that AWS uses; only common faults have them, others have the
//! words of our own parser.

use serde::de::IgnoredAny;
use serde_json::Value;

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
        Err(error) => in_jacksons_words(text, &error).unwrap_or_else(|| error.to_string()),
    }
}

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

/// How much of a word Jackson repeats, in characters.
const WORD_LIMIT: usize = 256;

/// What Jackson says about a word that JSON does not have.
pub fn unrecognized(word: &str) -> String {
    let (word, cut) = match word.char_indices().nth(WORD_LIMIT) {
        Some((end, _)) => (&word[..end], "..."),
        None => (word, ""),
    };
    format!("Unrecognized token '{word}{cut}': was expecting ({VALUES})")
}

const VALUES: &str = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";

fn in_jacksons_words(text: &str, error: &serde_json::Error) -> Option<String> {
    if error.is_eof() {
        return None;
    }
    let at = offset(text, error)?;
    let char = text[at..].chars().next()?;
    let unexpected =
        |wanted: &str| Some(format!("Unexpected character ({}): {wanted}", shown(char)));
    // The parser offers no other way to learn what it missed.
    let message = error.to_string();
    let missed = |what: &str| message.starts_with(what);
    if missed("expected value") || missed("expected ident") {
        return match word_around(text, at) {
            "" => unexpected(&format!("expected a valid value ({VALUES})")),
            word => Some(unrecognized(word)),
        };
    }
    if missed("key must be a string") {
        unexpected("was expecting double-quote to start field name")
    } else if missed("expected `:`") {
        unexpected("was expecting a colon to separate field name and value")
    } else if missed("expected `,` or `}`") {
        unexpected("was expecting comma to separate Object entries")
    } else if missed("expected `,` or `]`") {
        unexpected("was expecting comma to separate Array entries")
    } else {
        None
    }
}

/// Where in the text the error is. Columns count bytes, from 1.
fn offset(text: &str, error: &serde_json::Error) -> Option<usize> {
    let lines = text.split_inclusive('\n');
    let before: usize = lines.take(error.line().checked_sub(1)?).map(str::len).sum();
    let at = before + error.column().checked_sub(1)?;
    // A character of several bytes is found by one of them.
    (0..=at).rev().find(|&at| text.is_char_boundary(at))
}

/// The word that contains the position.
fn word_around(text: &str, at: usize) -> &str {
    let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    let start = text[..at].trim_end_matches(is_part).len();
    let rest = &text[start..];
    &rest[..rest.find(|char| !is_part(char)).unwrap_or(rest.len())]
}

/// A character and its code.
fn shown(char: char) -> String {
    let code = u32::from(char);
    match code {
        0..32 => format!("(CTRL-CHAR, code {code})"),
        32..256 => format!("'{char}' (code {code})"),
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

    #[test]
    fn common_faults_are_told_as_jackson_tells_them() {
        for (text, words) in [
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
            ("{\"a\":", "EOF while parsing a value"),
        ] {
            let problem = json_problem(text);
            assert!(problem.contains(words), "{text}: {problem}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(json_problem(&deep), "The JSON nests deeper than 127 levels");
        let endless = json_problem(&"x".repeat(200_000));
        assert!(endless.contains("xxx...': was expecting") && endless.len() < 400);
        assert!(json_problem(&"[".repeat(200_000)).starts_with("EOF"));
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
    }
}
