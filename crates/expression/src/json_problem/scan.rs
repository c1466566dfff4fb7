//! The first fault of a text that is no JSON, as Jackson's `ReaderBasedJsonParser` comes upon it: its words, and where it
//! stands. What Jackson takes and our own parser does not (a text after the value, half of a character, great depth) is no
//! fault here.

use super::{JsonFault, VALUES, shown, source};

/// How much of a word Jackson repeats, in characters.
const WORD_LIMIT: usize = 256;

/// The first fault of a text, if it has one in Jackson's eyes.
pub(super) fn first_fault(text: &str) -> Option<JsonFault> {
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
        line_start: 0,
        open: Vec::new(),
        is_done: false,
    };
    scanner.document().err()
}

type Scanned<T> = Result<T, JsonFault>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "Object",
            Self::Array => "Array",
        }
    }

    fn closed_by(self) -> char {
        match self {
            Self::Object => '}',
            Self::Array => ']',
        }
    }
}

/// An object or array that has begun.
struct Open {
    kind: Kind,
    line: usize,
    line_start: usize,
    /// Where its marker is. Columns are counted only of what is told: a line may be long and hold many markers.
    at: usize,
    /// Whether an entry is behind us, so that a comma comes before the next.
    has_entries: bool,
}

struct Scanner<'t> {
    text: &'t str,
    /// The next byte.
    at: usize,
    line: usize,
    line_start: usize,
    open: Vec<Open>,
    /// Whether the value of the whole text is behind us.
    is_done: bool,
}

impl Scanner<'_> {
    fn document(&mut self) -> Scanned<()> {
        while !self.is_done {
            let Some(letter) = self.next_token()? else {
                return match self.open.last() {
                    Some(open) => Err(self.unclosed(open)),
                    None => Ok(()),
                };
            };
            if letter == ']' || letter == '}' {
                self.close(letter)?;
                continue;
            }
            let letter = self.after_comma(letter)?;
            let letter = match self.open.last().map(|open| open.kind) {
                Some(Kind::Object) => self.after_name(letter)?,
                _ => letter,
            };
            self.value(letter)?;
        }
        Ok(())
    }

    /// The letter that begins an entry: behind the comma, if one is due.
    fn after_comma(&mut self, letter: char) -> Scanned<char> {
        let Some(open) = self.open.last_mut() else {
            return Ok(letter);
        };
        let kind = open.kind.name();
        if !std::mem::replace(&mut open.has_entries, true) {
            return Ok(letter);
        }
        if letter != ',' {
            let wanted = format!("was expecting comma to separate {kind} entries");
            return Err(self.unexpected(letter, &wanted));
        }
        let next = self.next_token()?;
        next.ok_or_else(|| self.ended(&format!(" within/between {kind} entries")))
    }

    /// The letter that begins the value of a field, whose name begins with the given one.
    fn after_name(&mut self, letter: char) -> Scanned<char> {
        if letter != '"' {
            return Err(self.unexpected(letter, "was expecting double-quote to start field name"));
        }
        self.string("name", " in field name")?;
        let ended = " within/between Object entries";
        let colon = self.next_token()?.ok_or_else(|| self.ended(ended))?;
        if colon != ':' {
            let wanted = "was expecting a colon to separate field name and value";
            return Err(self.unexpected(colon, wanted));
        }
        self.next_token()?.ok_or_else(|| self.ended(ended))
    }

    /// A value that begins with a letter which has been taken.
    fn value(&mut self, letter: char) -> Scanned<()> {
        match letter {
            '{' => self.begin(Kind::Object),
            '[' => self.begin(Kind::Array),
            '"' => self.string(
                "string value",
                ": was expecting closing quote for a string value",
            )?,
            't' => self.literal("true")?,
            'f' => self.literal("false")?,
            'n' => self.literal("null")?,
            '-' => {
                let digit = self.take().ok_or_else(|| {
                    // Jackson has no blank here.
                    self.ended("No digit following minus sign")
                })?;
                self.number_after_sign(digit)?;
            }
            '0'..='9' => self.number(letter)?,
            '+' => match self.take() {
                Some(digit) => return Err(self.no_digit_after_sign(digit)),
                None => return Err(self.ended(" in a Number value")),
            },
            '}' => return Err(self.unexpected(letter, "expected a value")),
            'N' if self.text[self.at..].starts_with("aN") => return Err(self.not_finite("NaN")),
            'I' if self.text[self.at..].starts_with("nfinity") => {
                return Err(self.not_finite("Infinity"));
            }
            _ if letter.is_alphabetic() || letter == '_' || letter == '$' => {
                return Err(self.unrecognized(self.at - letter.len_utf8()));
            }
            _ => {
                let wanted = format!("expected a valid value ({VALUES})");
                return Err(self.unexpected(letter, &wanted));
            }
        }
        self.is_done = self.open.is_empty();
        Ok(())
    }

    fn begin(&mut self, kind: Kind) {
        self.open.push(Open {
            kind,
            line: self.line,
            line_start: self.line_start,
            at: self.at - 1,
            has_entries: false,
        });
    }

    fn close(&mut self, letter: char) -> Scanned<()> {
        let mismatch = |expected: char, of: &str, start: String| {
            format!(
                "Unexpected close marker '{letter}': expected '{expected}' (for {of} starting at {start})"
            )
        };
        let message = match self.open.last() {
            Some(open) if open.kind.closed_by() == letter => {
                self.open.pop();
                self.is_done = self.open.is_empty();
                return Ok(());
            }
            Some(open) => mismatch(open.kind.closed_by(), open.kind.name(), self.start_of(open)),
            None => {
                let expected = if letter == ']' { '}' } else { ']' };
                mismatch(expected, "root", source(self.text, 1, 0))
            }
        };
        Err(self.fault(message))
    }

    fn literal(&mut self, word: &str) -> Scanned<()> {
        let start = self.at - 1;
        let rest = &self.text[start..];
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        if rest.starts_with(word) && !rest[word.len()..].starts_with(is_part) {
            self.at = start + word.len();
            return Ok(());
        }
        Err(self.unrecognized(start))
    }

    fn number_after_sign(&mut self, digit: char) -> Scanned<()> {
        if digit.is_ascii_digit() {
            self.number(digit)
        } else {
            Err(self.no_digit_after_sign(digit))
        }
    }

    /// A number whose first digit has been taken.
    fn number(&mut self, first: char) -> Scanned<()> {
        if first == '0' && self.peek().is_some_and(|next| next.is_ascii_digit()) {
            let message = "Invalid numeric value: Leading zeroes not allowed";
            return Err(self.fault(message.to_owned()));
        }
        self.digits();
        if self.take_if(|letter| letter == '.') && self.digits() == 0 {
            return Err(self.not_of_number("Decimal point not followed by a digit"));
        }
        if self.take_if(|letter| letter == 'e' || letter == 'E') {
            self.take_if(|letter| letter == '+' || letter == '-');
            if self.digits() == 0 {
                return Err(self.not_of_number("Exponent indicator not followed by a digit"));
            }
        }
        match self.peek() {
            Some(next) if self.open.is_empty() && !" \t\r\n".contains(next) => {
                self.take();
                Err(self.unexpected(next, "Expected space separating root-level values"))
            }
            _ => Ok(()),
        }
    }

    /// A text whose first quote has been taken. `what` and `ended` are Jackson's words for it.
    fn string(&mut self, what: &str, ended: &str) -> Scanned<()> {
        loop {
            match self.take().ok_or_else(|| self.ended(ended))? {
                '"' => return Ok(()),
                '\\' => self.escape()?,
                letter if letter < ' ' => {
                    return Err(self.fault(format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be \
                         included in {what}",
                        shown(letter)
                    )));
                }
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Scanned<()> {
        let ended = " in character escape sequence";
        match self.take().ok_or_else(|| self.ended(ended))? {
            'b' | 't' | 'n' | 'f' | 'r' | '"' | '/' | '\\' => Ok(()),
            'u' => {
                for _ in 0..4 {
                    let digit = self.take().ok_or_else(|| self.ended(ended))?;
                    if !digit.is_ascii_hexdigit() {
                        let wanted = "expected a hex-digit for character escape sequence";
                        return Err(self.unexpected(digit, wanted));
                    }
                }
                Ok(())
            }
            letter => Err(self.fault(format!("Unrecognized character escape {}", shown(letter)))),
        }
    }

    /// Takes the next letter that is no white space.
    fn next_token(&mut self) -> Scanned<Option<char>> {
        while let Some(letter) = self.take() {
            match letter {
                ' ' | '\t' => {}
                '\r' if self.peek() == Some('\n') => {}
                '\n' | '\r' => {
                    self.line += 1;
                    self.line_start = self.at;
                }
                _ if letter < ' ' => {
                    return Err(self.fault(format!(
                        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is \
                         allowed between tokens",
                        shown(letter)
                    )));
                }
                '/' => {
                    let hint = "maybe a (non-standard) comment? (not recognized as one since \
                                Feature 'ALLOW_COMMENTS' not enabled for parser)";
                    return Err(self.unexpected(letter, hint));
                }
                _ => return Ok(Some(letter)),
            }
        }
        Ok(None)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn take_if(&mut self, is_wanted: impl Fn(char) -> bool) -> bool {
        let is_there = self.peek().is_some_and(is_wanted);
        if is_there {
            self.take();
        }
        is_there
    }

    /// Takes digits. Answers how many there were.
    fn digits(&mut self) -> usize {
        let rest = &self.text[self.at..];
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }

    fn fault(&self, message: String) -> JsonFault {
        JsonFault {
            message,
            line: self.line,
            column: self.column(self.line_start, self.at),
        }
    }

    /// The column of a byte in a line, in Java's characters, from 1.
    fn column(&self, line_start: usize, at: usize) -> usize {
        self.text[line_start..at].encode_utf16().count() + 1
    }

    fn start_of(&self, open: &Open) -> String {
        let column = self.column(open.line_start, open.at);
        source(self.text, open.line, column)
    }

    fn unexpected(&self, letter: char, comment: &str) -> JsonFault {
        self.fault(format!(
            "Unexpected character ({}): {comment}",
            shown(letter)
        ))
    }

    fn ended(&self, what: &str) -> JsonFault {
        self.fault(format!("Unexpected end-of-input{what}"))
    }

    fn unclosed(&self, open: &Open) -> JsonFault {
        let (kind, start) = (open.kind.name(), self.start_of(open));
        self.ended(&format!(
            ": expected close marker for {kind} (start marker at {start})"
        ))
    }

    fn no_digit_after_sign(&self, letter: char) -> JsonFault {
        let comment = "expected digit (0-9) to follow minus sign, for valid numeric value";
        self.fault(in_number(letter, comment))
    }

    /// What follows belongs to no number. Jackson sees a zero where the text ends.
    fn not_of_number(&mut self, comment: &str) -> JsonFault {
        let letter = self.take().unwrap_or('\0');
        self.fault(in_number(letter, comment))
    }

    fn not_finite(&mut self, word: &str) -> JsonFault {
        self.at += word.len() - 1;
        self.fault(format!(
            "Non-standard token '{word}': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"
        ))
    }

    /// A word that begins at a byte and is none of JSON's.
    fn unrecognized(&mut self, start: usize) -> JsonFault {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let rest = &self.text[start..];
        let word = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
        let (said, cut) = match word.char_indices().nth(WORD_LIMIT) {
            Some((end, _)) => (&word[..end], "..."),
            None => (word, ""),
        };
        self.at = start + said.len();
        self.fault(format!(
            "Unrecognized token '{said}{cut}': was expecting ({VALUES})"
        ))
    }
}

fn in_number(letter: char, comment: &str) -> String {
    format!(
        "Unexpected character ({}) in numeric value: {comment}",
        shown(letter)
    )
}
