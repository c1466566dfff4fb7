//! How much memory a JSON text takes as a tree of values: a text of a few megabytes may take fifty times as much. It is
//! estimated from the text alone, before anything is read into values, and never far too low.

/// An item of an array or a field of an object, in a vector that may have grown to twice its length.
const ITEM_BYTES: u64 = 64;
/// The name of a field, with its entry in the index of its object.
const NAME_BYTES: u64 = 96;

/// Counts a text that arrives in pieces.
#[derive(Debug, Default)]
pub(crate) struct TreeSize {
    bytes: u64,
    in_string: bool,
    is_escaped: bool,
}

impl TreeSize {
    /// Takes the next piece of the text.
    pub(crate) fn add(&mut self, text: &[u8]) {
        self.bytes += u64::try_from(text.len()).unwrap_or(u64::MAX);
        for letter in text {
            if self.in_string {
                match letter {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match letter {
                b'"' => self.in_string = true,
                b',' | b'[' | b'{' => self.bytes += ITEM_BYTES,
                b':' => self.bytes += NAME_BYTES,
                _ => {}
            }
        }
    }

    /// The bytes that it takes as values; for what is not JSON, some number.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> u64 {
        let mut size = TreeSize::default();
        for piece in text.as_bytes().chunks(7) {
            size.add(piece);
        }
        size.bytes()
    }

    #[test]
    fn many_small_values_take_much_and_a_long_text_takes_its_length() {
        assert!(size(&"[],".repeat(1_000)) > 120_000);
        let text = format!("\"{}\"", ",[{:\\\"".repeat(1_000));
        assert_eq!(size(&text), u64::try_from(text.len()).unwrap());
        assert_eq!(size(r#"{"a":1,"b":2}"#), 13 + 2 * 64 + 2 * 96);
    }
}
