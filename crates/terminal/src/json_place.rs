//! Where a JSON pointer points to in a JSON text: the bytes of the value, so that an error can show them. Elements of
//! arrays may be written as AWS writes them, `/Choices[0]` instead of `/Choices/0`.
//! It does not validate: whether the text is JSON is for the parser of the definition to say.

use std::ops::Range;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 128;

/// The bytes of the value at `pointer` (RFC 6901); of its nearest ancestor that exists when it does not.
#[must_use]
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mut cursor = Cursor {
        text: text.as_bytes(),
        at: 0,
    };
    cursor.blanks();
    let mut place = cursor.span()?;
    let segments = pointer
        .split('/')
        .skip(1)
        .filter(|segment| !segment.is_empty());
    for segment in segments.take(MAX_DEPTH) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        let inner = &text[place.clone()];
        let found = member(inner, &name).or_else(|| element(inner, &name));
        let Some(found) = found else {
            break;
        };
        place = place.start + found.start..place.start + found.end;
    }
    Some(place)
}

/// The bytes of an element of an array in a member of an object: `Choices[0]`.
fn element(value: &str, segment: &str) -> Option<Range<usize>> {
    let (name, index) = segment.strip_suffix(']')?.rsplit_once('[')?;
    let list = member(value, name).or_else(|| element(value, name))?;
    let found = member(&value[list.clone()], index)?;
    Some(list.start + found.start..list.start + found.end)
}

/// The bytes of one member of an object or one element of an array.
fn member(value: &str, name: &str) -> Option<Range<usize>> {
    let mut cursor = Cursor {
        text: value.as_bytes(),
        at: 0,
    };
    match cursor.peek()? {
        b'{' => {
            cursor.at += 1;
            loop {
                cursor.blanks();
                let key = cursor
                    .span()
                    .filter(|key| value[key.clone()].starts_with('"'))?;
                cursor.at = key.end;
                cursor.blanks();
                cursor.skip(b':')?;
                cursor.blanks();
                let found = cursor.span()?;
                let key: String = serde_json::from_str(&value[key]).ok()?;
                if key == name {
                    return Some(found);
                }
                cursor.at = found.end;
                cursor.blanks();
                cursor.skip(b',')?;
            }
        }
        b'[' => {
            cursor.at += 1;
            for _ in 0..name.parse::<usize>().ok()? {
                cursor.blanks();
                cursor.at = cursor.span()?.end;
                cursor.blanks();
                cursor.skip(b',')?;
            }
            cursor.blanks();
            cursor.span()
        }
        _ => None,
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, letter: u8) -> Option<()> {
        (self.peek()? == letter).then(|| self.at += 1)
    }

    fn blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|letter| letter.is_ascii_whitespace())
        {
            self.at += 1;
        }
    }

    /// The bytes of the value that begins here.
    fn span(&self) -> Option<Range<usize>> {
        let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
        for (offset, letter) in self.text.get(self.at..)?.iter().enumerate() {
            let after = self.at + offset + 1;
            if in_string {
                match letter {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' if depth == 0 => return Some(self.at..after),
                    b'"' => in_string = false,
                    _ => {}
                }
                continue;
            }
            match letter {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Some(self.at..after),
                b'}' | b']' | b',' if depth == 0 => return self.until(after - 1),
                b'}' | b']' => depth -= 1,
                letter if depth == 0 && letter.is_ascii_whitespace() => {
                    return self.until(after - 1);
                }
                _ => {}
            }
        }
        self.until(self.text.len())
    }

    fn until(&self, end: usize) -> Option<Range<usize>> {
        (end > self.at).then_some(self.at..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "StartAt": "Pay",
  "States": {
    "Pay": { "Type": "Task", "Next": "Gone", "Retry": [ { "A": 1 }, {"B": [2, 3]} ] },
    "a/b": { "Type": "Pa\"ss }" , "End": true }
  }
}"#;

    fn at(pointer: &str) -> &str {
        &TEXT[locate(TEXT, pointer).expect("a place")]
    }

    #[test]
    fn a_pointer_finds_its_value() {
        assert_eq!(at("/StartAt"), "\"Pay\"");
        assert_eq!(at("/States/Pay/Next"), "\"Gone\"");
        assert_eq!(at("/States/Pay/Retry/1/B/0"), "2");
        assert_eq!(at("/States/a~1b/Type"), "\"Pa\\\"ss }\"");
        assert_eq!(at("/States/a~1b/End"), "true");
        assert_eq!(at("/"), TEXT);
        assert_eq!(at(""), TEXT);
    }

    #[test]
    fn a_pointer_to_nothing_finds_the_nearest_ancestor() {
        assert_eq!(
            at("/States/Pay/Catch/0"),
            r#"{ "Type": "Task", "Next": "Gone", "Retry": [ { "A": 1 }, {"B": [2, 3]} ] }"#
        );
    }

    #[test]
    fn broken_text_has_a_place_or_none_but_never_a_panic() {
        for end in 0..TEXT.len() {
            for pointer in [
                "/States/Pay/Next",
                "/States/a~1b/End",
                "/States/Pay/Retry/1/B/7",
                "/x",
            ] {
                let _ = locate(&TEXT[..end], pointer);
            }
        }
        for text in [
            "", "   ", "]", "}", ",", "\"", "{\"", "{\"a\"", "{\"a\":", "[,", "[[[[", "ä{",
        ] {
            let _ = locate(text, "/a/0");
        }
    }
}
