//! What the bytes of a body are: JSON, text, or neither. Pure. Vendors are often wrong about their bodies, so the bytes
//! are examined too: a byte order mark overrides the stated charset, and valid UTF-8 counts as UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};
use serde_json::Value;

/// How deeply a body may nest to count as JSON. A workflow puts it into data of its own, and all of that can be
/// stored and read back only up to 127 levels.
const MAX_DEPTH_LEVELS: usize = 100;

/// Bytes in which an XML declaration is looked for.
const MAX_DECLARATION_BYTES: usize = 256;

/// What the bytes of a body are.
#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    /// JSON.
    Json(Value),
    /// Text of any other kind.
    Text(String),
    /// Bytes that are not text.
    Bytes,
}

/// Reads a body: JSON if it is complete, parses and does not nest too deeply, otherwise text,
/// otherwise neither.
pub(crate) fn read(bytes: &[u8], content_type: Option<&str>, whole: bool) -> Body {
    let Some(text) = text_of(bytes, content_type, whole) else {
        return Body::Bytes;
    };
    if whole && let Some(json) = json_of(&text) {
        return json;
    }
    Body::Text(text.into_owned())
}

fn json_of(text: &str) -> Option<Body> {
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(_) => serde_json::from_str(&without_lone_surrogates(text)?).ok()?,
    };
    if is_deeper_than(&value, MAX_DEPTH_LEVELS) {
        return None;
    }
    Some(Body::Json(value))
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => {
            levels == 0 || items.iter().any(|item| is_deeper_than(item, levels - 1))
        }
        Value::Object(members) => {
            levels == 0
                || members
                    .values()
                    .any(|member| is_deeper_than(member, levels - 1))
        }
        _ => false,
    }
}

/// The text with U+FFFD for each lone escaped surrogate. Programs that cut a text between the two halves of a pair write
/// such escapes, and other parsers accept them. None if there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let unit = escaped_unit(escape);
        let low = escape.get(6..).and_then(escaped_unit);
        let (kept, length) = match (unit, low) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&escape[..12], 12),
            (Some(0xD800..=0xDFFF), _) => {
                found = true;
                ("\\ufffd", 6)
            }
            (Some(_), _) => (&escape[..6], 6),
            // Any other escape is a backslash and one character.
            (None, _) => {
                let length = escape.chars().take(2).map(char::len_utf8).sum();
                (&escape[..length], length)
            }
        };
        mended.push_str(kept);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    found.then_some(mended)
}

/// The UTF-16 unit of an escape such as `\ud800` at the beginning of a text.
fn escaped_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

/// The bytes as text: by their byte order mark, the stated charset, as UTF-8, by their XML declaration, and finally as
/// windows-1252 if they are declared to be text. None if they are not text.
fn text_of<'b>(bytes: &'b [u8], content_type: Option<&str>, whole: bool) -> Option<Cow<'b, str>> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return decoded(encoding, &bytes[length..], whole);
    }
    if let Some(charset) = content_type.and_then(charset)
        && let Some(encoding) = Encoding::for_label(charset.as_bytes())
        && let Some(text) = decoded(encoding, bytes, whole)
    {
        return Some(text);
    }
    if let Some(text) = decoded(encoding_rs::UTF_8, bytes, whole) {
        return Some(text);
    }
    let encoding = match declared(bytes) {
        Some(encoding) => encoding,
        None if content_type.is_some_and(is_text) => WINDOWS_1252,
        None => return None,
    };
    decoded(encoding, bytes, whole)
}

/// None if the bytes are not in this encoding, or contain control characters that do not occur in
/// text.
fn decoded<'b>(encoding: &'static Encoding, bytes: &'b [u8], whole: bool) -> Option<Cow<'b, str>> {
    if encoding == encoding_rs::UTF_8 {
        let bytes = if whole {
            bytes
        } else {
            whole_characters(bytes)
        };
        return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
    }
    let (text, malformed) = encoding.decode_without_bom_handling(bytes);
    let controls =
        |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{85}');
    // The last character of a text that was cut may be cut in two.
    let readable = !text.contains(controls) && (!malformed || !whole);
    readable.then_some(text)
}

/// Drops the beginning of a character that was cut in two at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        // `error_len` is none only when the input ends inside a character.
        Err(cut) if cut.error_len().is_none() => &bytes[..cut.valid_up_to()],
        _ => bytes,
    }
}

/// The charset that a Content-Type states.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })
}

/// Whether a Content-Type is that of a text, so that bytes of it in no stated charset are most likely windows-1252.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded"]
            .iter()
            .any(|word| kind.ends_with(word))
}

/// The encoding that an XML declaration states.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = &bytes[..bytes.len().min(MAX_DECLARATION_BYTES)];
    let beginning = String::from_utf8_lossy(beginning);
    let (declaration, _) = beginning.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (label, _) = value[1..].split_once(quote)?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const JSON: Option<&str> = Some("application/json");

    fn text(text: &str) -> Body {
        Body::Text(text.to_owned())
    }

    fn value(value: Value) -> Body {
        Body::Json(value)
    }

    #[test]
    fn a_body_is_json_if_it_parses_and_text_if_not() {
        assert_eq!(read(b"", None, true), text(""));
        assert_eq!(read(b"[1,2]", None, true), value(json!([1, 2])));
        assert_eq!(read(b"<a/>", None, true), text("<a/>"));
        assert_eq!(read(b"[1,2]", None, false), text("[1,2]"));
    }

    #[test]
    fn a_body_cut_inside_a_character_ends_before_it() {
        let bytes = "aé".as_bytes();
        assert_eq!(read(&bytes[..2], None, false), text("a"));
    }

    #[test]
    fn a_body_nested_beyond_reason_is_kept_as_text() {
        let endless = "[".repeat(100_000);
        assert_eq!(read(endless.as_bytes(), None, true), text(&endless));
        let nest = |levels: usize| {
            let (open, close) = ("[{\"a\":".repeat(levels / 2), "}]".repeat(levels / 2));
            format!("{open}1{close}")
        };
        let read = |levels| read(nest(levels).as_bytes(), None, true);
        assert!(matches!(read(100), Body::Json(Value::Array(_))));
        for levels in [102, 126] {
            assert_eq!(read(levels), text(&nest(levels)));
        }
    }

    #[test]
    fn json_behind_a_byte_order_mark_is_json() {
        assert_eq!(
            read(b"\xef\xbb\xbf{\"a\":1}", JSON, true),
            value(json!({"a": 1}))
        );
        let utf16: Vec<u8> = "\u{feff}{\"a\":\"é\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(&utf16, JSON, true), value(json!({"a": "é"})));
    }

    #[test]
    fn json_in_another_charset_is_json_whether_it_says_so_or_not() {
        let latin = b"{\"a\":\"M\xfcller\"}";
        for content_type in [
            "application/json; charset=ISO-8859-1",
            "application/problem+json",
        ] {
            let read = read(latin, Some(content_type), true);
            assert_eq!(read, value(json!({"a": "Müller"})), "{content_type}");
        }
    }

    #[test]
    fn a_charset_that_is_wrong_gives_way_to_utf_8() {
        let stated = Some("text/plain; charset=us-ascii");
        assert_eq!(
            read("éa".as_bytes(), Some("text/plain; charset=utf-16"), true),
            text("éa")
        );
        assert_eq!(read(b"a", stated, true), text("a"));
    }

    #[test]
    fn a_lone_surrogate_does_not_make_json_text() {
        for (body, expected) in [
            (r#"{"a":"\ud83d"}"#, json!({"a": "\u{fffd}"})),
            (r#"["\udc00x","\ud83d\ude00"]"#, json!(["\u{fffd}x", "😀"])),
            (r#"["\\ud800\ud800\n"]"#, json!(["\\ud800\u{fffd}\n"])),
        ] {
            assert_eq!(read(body.as_bytes(), JSON, true), value(expected), "{body}");
        }
    }

    #[test]
    fn text_is_read_in_the_charset_that_it_names() {
        let xml = b"<a>M\xfcller</a>";
        let read = |bytes: &[u8], content_type| read(bytes, Some(content_type), true);
        assert_eq!(
            read(xml, "text/xml; charset=\"ISO-8859-1\""),
            text("<a>Müller</a>")
        );
        assert_eq!(read(xml, "application/soap+xml"), text("<a>Müller</a>"));
        let declared = b"<?xml version='1.0' encoding='ISO-8859-2'?><a>\xb3</a>";
        let expected = "<?xml version='1.0' encoding='ISO-8859-2'?><a>ł</a>";
        assert_eq!(read(declared, "application/octet-stream"), text(expected));
    }

    #[test]
    fn bytes_that_are_no_text_are_neither() {
        let pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n\x00\x01";
        for content_type in [
            None,
            Some("application/pdf"),
            Some("application/pdf; charset=iso-8859-1"),
        ] {
            assert_eq!(
                read(pdf, content_type, true),
                Body::Bytes,
                "{content_type:?}"
            );
            assert_eq!(
                read(pdf, content_type, false),
                Body::Bytes,
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        let long = r#"{"id":12345678901234567890123,"amount":9007199254740993.25}"#;
        let Body::Json(value) = read(long.as_bytes(), JSON, true) else {
            panic!("it is JSON");
        };
        assert_eq!(value.to_string(), long);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, whole: bool) {
            let _read = read(&bytes, JSON, whole);
        }

        #[test]
        fn no_escapes_make_it_panic(text in "[\\\\ud8cf09\"é]{0,24}") {
            let _mended = without_lone_surrogates(&text);
        }
    }
}
