//! What the bytes of a body are: JSON, or text. Pure.

use serde_json::Value;

/// How deep a body may nest to be taken as JSON. A workflow puts it into data of its own, and all of that can be
/// stored and read back only up to 127 levels.
const MAX_DEPTH_LEVELS: usize = 100;

/// Reads a body: JSON if it is complete, parses and does not nest beyond reason, else text. Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn read(bytes: &[u8], truncated: bool) -> Value {
    if bytes.is_empty() {
        return Value::String(String::new());
    }
    if truncated {
        return Value::String(String::from_utf8_lossy(whole_characters(bytes)).into_owned());
    }
    match serde_json::from_slice(bytes) {
        Ok(body) if !is_deeper_than(&body, MAX_DEPTH_LEVELS) => body,
        _ => Value::String(String::from_utf8_lossy(bytes).into_owned()),
    }
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

/// Drops the beginning of a character that was cut in two at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        // `error_len` is none only when the input ends inside a character.
        Err(cut) if cut.error_len().is_none() => &bytes[..cut.valid_up_to()],
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_json_if_it_parses_and_text_if_not() {
        assert_eq!(read(b"", false), json!(""));
        assert_eq!(read(b"[1,2]", false), json!([1, 2]));
        assert_eq!(read(b"<a/>", false), json!("<a/>"));
        assert_eq!(read(b"[1,2]", true), json!("[1,2]"));
    }

    #[test]
    fn a_body_cut_inside_a_character_ends_before_it() {
        let bytes = "aé".as_bytes();
        assert_eq!(read(&bytes[..2], true), json!("a"));
    }

    #[test]
    fn a_body_nested_beyond_reason_is_kept_as_text() {
        let endless = "[".repeat(100_000);
        assert_eq!(read(endless.as_bytes(), false), json!(endless));
        let nest = |levels: usize| {
            let (open, close) = ("[{\"a\":".repeat(levels / 2), "}]".repeat(levels / 2));
            format!("{open}1{close}")
        };
        assert!(read(nest(100).as_bytes(), false).is_array());
        for levels in [102, 126] {
            let text = nest(levels);
            assert_eq!(read(text.as_bytes(), false), json!(text));
        }
    }
}
