//! The part of Structured Fields (RFC 9651) that limit headers are written in: a list of strings with parameters.
//! Pure; what does not follow the grammar is no list.

/// One member of a list: a string and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    parameters: Vec<(String, Item)>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Integer(i64),
    Text(String),
    /// Of a type that no limit header uses.
    Other,
}

impl Member {
    /// A parameter that is a whole number and not negative.
    pub(crate) fn integer(&self, key: &str) -> Option<u64> {
        match self.parameter(key)? {
            Item::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A parameter that is a string.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.parameter(key)? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The last of that name counts (RFC 9651, section 3.1.2).
    fn parameter(&self, key: &str) -> Option<&Item> {
        let found = self.parameters.iter().rfind(|(name, _)| name == key);
        found.map(|(_, item)| item)
    }
}

/// Longest text that is read as a list.
const MAX_TEXT_BYTES: usize = 8192;

/// Reads a list of strings. None if the text follows another grammar.
pub(crate) fn list(text: &str) -> Option<Vec<Member>> {
    if text.len() > MAX_TEXT_BYTES || !text.is_ascii() {
        return None;
    }
    let mut rest = text.trim_matches(' ');
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (name, after) = string(rest)?;
        let (parameters, after) = parameters(after)?;
        members.push(Member { name, parameters });
        let after = after.trim_start_matches([' ', '\t']);
        rest = match after.strip_prefix(',') {
            // A comma is followed by another member.
            Some(next) => {
                Some(next.trim_start_matches([' ', '\t'])).filter(|next| !next.is_empty())?
            }
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(members)
}

/// A string in double quotes, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match (escaped, byte) {
            (true, b'"' | b'\\') => {
                value.push(char::from(byte));
                escaped = false;
            }
            (true, _) => return None,
            (false, b'\\') => escaped = true,
            (false, b'"') => return Some((value, &inside[at + 1..])),
            (false, 0x20..=0x7e) => value.push(char::from(byte)),
            (false, _) => return None,
        }
    }
    None
}

type Parameters = Vec<(String, Item)>;

fn parameters(mut text: &str) -> Option<(Parameters, &str)> {
    let mut found = Vec::new();
    while let Some(after) = text.strip_prefix(';') {
        let after = after.trim_start_matches(' ');
        let end = after
            .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c)))
            .unwrap_or(after.len());
        let (key, after) = after.split_at(end);
        if !key.starts_with(|c: char| c.is_ascii_lowercase() || c == '*') {
            return None;
        }
        let (item, after) = match after.strip_prefix('=') {
            Some(value) => item(value)?,
            None => (Item::Other, after),
        };
        found.push((key.to_owned(), item));
        text = after;
    }
    Some((found, text))
}

fn item(text: &str) -> Option<(Item, &str)> {
    if text.starts_with('"') {
        let (value, after) = string(text)?;
        return Some((Item::Text(value), after));
    }
    let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    let first = word.bytes().next()?;
    let item = match first {
        b'0'..=b'9' | b'-' if word.contains('.') => Item::Other,
        // Whole numbers have at most 15 digits.
        b'0'..=b'9' | b'-' if word.len() <= 16 => Item::Integer(word.parse().ok()?),
        // Bytes, booleans, dates and bare words.
        b':' | b'?' | b'@' | b'*' | b'a'..=b'z' | b'A'..=b'Z' => Item::Other,
        _ => return None,
    };
    Some((item, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_of_strings_with_parameters_is_read() {
        let read = list("\"a\";q=1;w=60;x, \"b \\\"c\\\"\" ;q=2").map(|members| members.len());
        assert_eq!(read, None, "a blank before a parameter is not allowed");
        let read = list("\"a\";q=1;q=2; w=60;x;y=:YQ==:,\t\"b \\\"c\\\"\";u=\"z\"").unwrap();
        assert_eq!(read[0].integer("q"), Some(2));
        assert_eq!(
            (read[0].integer("w"), read[0].integer("x")),
            (Some(60), None)
        );
        assert_eq!(
            (read[1].name.as_str(), read[1].text("u")),
            ("b \"c\"", Some("z"))
        );
        assert_eq!(list(""), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\"a;=,0-9:? \\\\.*-]{0,40}|.{0,40}") {
            let _read = list(&text);
        }
    }
}
