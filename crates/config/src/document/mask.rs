//! Blanks what may be a secret in the text of a configuration, before any of it is shown. It errs on the side of
//! blanking: a secret may be under a misspelt key, or in a file that does not parse.

use std::ops::Range;

use super::reference;
use super::tree::{Node, Table, Value};

/// Tables in which every text counts as a secret unless its key is listed in [`PUBLIC`].
const SECRET_TABLES: [&str; 3] = ["auth", "credentials", "headers"];

/// Keys of those tables whose values help to understand a problem.
const PUBLIC: [&str; 15] = [
    "kind",
    "username",
    "client_id",
    "certificate_id",
    "rights",
    "header",
    "algorithm",
    "scope",
    "scope_form",
    "audience",
    "token_url",
    "assumed_lifetime",
    "counted",
    "send_as",
    "account",
];

/// Parts of a key that announce a secret anywhere.
const SECRET_WORDS: [&str; 9] = [
    "secret", "password", "passwd", "pwd", "token", "bearer", "api_key", "apikey", "private",
];

/// The text with every possible secret replaced by asterisks, byte for byte, so that positions stay
/// valid.
pub(crate) fn parsed(text: &str, root: &Node) -> String {
    let mut spans = Vec::new();
    if let Value::Table(table) = &root.value {
        secrets_of_table(text, table, false, &mut spans);
    }
    blank(text, &spans)
}

/// The same for a text that cannot be parsed, where keys and values can only be guessed line by line: all quoted
/// values are blanked, everything on a line that announces a secret, and everything inside a multi-line text.
pub(crate) fn unparsed(text: &str) -> String {
    let mut spans = user_information(text, 0..text.len());
    let (mut start, mut in_multi_line) = (0, false);
    for line in text.split_inclusive('\n') {
        let quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
        let from = if in_multi_line { 0 } else { first_secret(line) };
        spans.push(start + from..start + line.len());
        in_multi_line ^= quotes % 2 == 1;
        start += line.len();
    }
    blank(text, &spans)
}

/// Where on a line a secret may begin: at the value if its key announces one, else at the value's first quote.
fn first_secret(line: &str) -> usize {
    let value = value_start(line);
    if announces(line) && !line.trim_start().starts_with('[') {
        return value;
    }
    line[value..]
        .find(['"', '\''])
        .map_or(line.len(), |at| value + at)
}

/// Where a line's first value begins: after the `=` or `:` that follows a key. Without a key it is the line's
/// start, because the value may belong to a key on an earlier line.
fn value_start(line: &str) -> usize {
    let key = line.trim_start_matches([' ', '\t', '{', '[', ',']);
    let start = line.len() - key.len();
    let after = match key.chars().next() {
        Some(quote @ ('"' | '\'')) => key[1..].find(quote).map_or(0, |end| end + 2),
        _ => key.find(['=', ':', '"', '\'']).unwrap_or(0),
    };
    let rest = key[after..].trim_start();
    if rest.starts_with(['=', ':']) {
        line.len() - rest.len() + 1
    } else {
        start
    }
}

fn announces(line: &str) -> bool {
    let line = line.to_lowercase();
    SECRET_WORDS
        .iter()
        .chain(&SECRET_TABLES)
        .any(|word| line.contains(word))
        || line.contains("key")
}

fn secrets_of_table(text: &str, table: &Table, all: bool, spans: &mut Vec<Range<usize>>) {
    for entry in &table.entries {
        let key = entry.key.to_lowercase();
        let named = SECRET_WORDS.iter().any(|word| key.contains(word)) || key == "key";
        let secret = (all || named) && !PUBLIC.contains(&key.as_str());
        secrets_of(
            text,
            &entry.node,
            secret,
            SECRET_TABLES.contains(&key.as_str()),
            spans,
        );
    }
}

fn secrets_of(text: &str, node: &Node, secret: bool, table: bool, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Table(inner) => secrets_of_table(text, inner, secret || table, spans),
        Value::Array(items) => {
            for item in items {
                secrets_of(text, item, secret, table, spans);
            }
        }
        Value::Text(value) if reference::is_reference(value) => {}
        _ if secret || table => spans.push(node.span.clone()),
        _ => spans.extend(user_information(text, node.span.clone())),
    }
}

/// The `user:password` of URLs within a stretch of text.
fn user_information(text: &str, span: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(stretch) = text.get(span.clone()) else {
        return found;
    };
    for (at, mark) in stretch.match_indices("://") {
        let start = at + mark.len();
        let rest = &stretch[start..];
        let authority = &rest[..rest
            .find(['/', '?', '#', '"', '\'', '\n'])
            .unwrap_or(rest.len())];
        if let Some(end) = authority.rfind('@') {
            found.push(span.start + start..span.start + start + end);
        }
    }
    found
}

fn blank(text: &str, spans: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        for byte in bytes.get_mut(span.clone()).unwrap_or_default() {
            // Punctuation and line breaks stay, so that what remains reads as TOML or JSON.
            if !b"\"'\n\r ,{}[]=:".contains(byte) {
                *byte = b'*';
            }
        }
    }
    // Spans begin and end between characters; if one does not, the text is not shown at all.
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tree::{Notation, parse};

    const CANARY: &str = "canary";

    fn masked(text: &str) -> String {
        parsed(text, &parse(text, Notation::Toml).unwrap())
    }

    #[test]
    fn whatever_may_be_a_secret_is_blanked_and_nothing_moves() {
        let texts = [
            "auth = { kind = \"basic\", username = \"u\", password = \"canary\" }",
            "auth = { kind = \"basic\", pasword = \"canary\" }",
            "auth = \"canary\"",
            "password = \"canary\"",
            "x.client_secret = \"canary\"",
            "headers = { apiKey = \"canary é\", Other = 'canary' }",
            "credentials = [{ access_key_id = \"canary\", secret = \"canary\" }]",
            "base_url = \"https://user:canary@host/\"",
            "auth = { token_url = \"https://user:canary@host/t\" }",
            "auth = { kind = \"bearer\", secret = \"\"\"\ncanary\ncanary\"\"\" }",
            "password = \"canary${env:X}\"",
        ];
        for text in texts {
            let shown = masked(text);
            assert!(!shown.contains(CANARY), "{shown}");
            assert_eq!(shown.len(), text.len());
        }
    }

    #[test]
    fn what_helps_stays() {
        let text = "auth = { kind = \"basic\", password = \"${env:X}\" }\nname = \"a\"";
        assert_eq!(masked(text), text);
    }

    #[test]
    fn a_text_that_does_not_parse_is_blanked_by_lines() {
        let texts = [
            "password = \"canary",
            "secret = \"\"\"\ncanary\ncanary\n\"\"\"\nx = ",
            "{\"password\": \"canary\"",
            "auth = { kind = \"basic\" canary }",
            "base_url = \"https://user:canary@host",
            "key = canary",
            "\"canary\" }=}",
            "{ \"a\": \"canary\" x",
            "\"password\":\n \"canary\"",
            "[targets.a.auth]\nx = \"canary\" = ",
            "x = \"\"\"\ncanary\n\"\"\" =",
        ];
        for text in texts {
            let shown = unparsed(text);
            assert!(!shown.contains(CANARY), "{shown}");
            assert_eq!(shown.len(), text.len());
        }
        assert_eq!(
            unparsed("[server\nname = \"a\"\nx = 5 5"),
            "[server\nname = \"*\"\nx = 5 5"
        );
    }
}
