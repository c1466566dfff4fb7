//! Text that others wrote, fit to be shown: vendors, workflows and users choose it, and a terminal obeys some of its
//! characters. Those are written as JSON writes them (`\u001b`), so that a JSON text stays one and means the same.
//! Pure; where texts are shown is the business of others.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with every character that a terminal obeys, or that changes the order of others, written out. Line breaks and
/// tabs stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, |letter| letter == '\n' || letter == '\t')
}

/// The same for one cell or one line: a line break is written out too, so that no text can pretend to be another line.
#[must_use]
pub fn visible_line(text: &str) -> Cow<'_, str> {
    written_out(text, |_| false)
}

/// The same for text that we coloured: colours stay, and nothing else that begins with an escape. The parts that others
/// wrote must have been made visible before.
#[must_use]
pub fn visible_coloured(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let (before, sequence) = rest.split_at(at);
        out.push_str(&visible(before));
        let length = colour(sequence).unwrap_or(0);
        if length == 0 {
            out.push_str("\\u001b");
        }
        out.push_str(&sequence[..length]);
        rest = &sequence[length.max(1)..];
    }
    if out.is_empty() {
        return visible(rest);
    }
    out.push_str(&visible(rest));
    Cow::Owned(out)
}

/// The length of the colour (`ESC [ numbers m`) with which the text begins.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    numbers[end..].starts_with('m').then_some(2 + end + 1)
}

fn written_out(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(|letter| is_obeyed(letter) && !stays(letter)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for letter in text[first..].chars() {
        if is_obeyed(letter) && !stays(letter) {
            // All of them are below U+10000, so four digits are enough, and a String takes whatever is written.
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

/// Control characters (C0, DEL, C1), line and paragraph separators, what sets the direction of text, and what is there
/// without being seen. The joiners stay: some languages and emoji need them.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{9b}31m\u{202e}live\u{2066}\r";

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        assert_eq!(
            visible(HOSTILE),
            r"\u001b]0;title\u0007\u009b31m\u202elive\u2066\u000d"
        );
        assert_eq!(visible("a\n\tb"), "a\n\tb");
        assert_eq!(visible_line("a\n\tb"), r"a\u000a\u0009b");
        assert!(matches!(visible("Größe 東京 👩‍🔧"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_json_text_stays_json_and_means_the_same() {
        let value = serde_json::json!({ "a": HOSTILE });
        let shown = visible(&value.to_string()).into_owned();
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }

    #[test]
    fn our_colours_stay_and_no_other_sequence() {
        assert_eq!(
            visible_coloured("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m"),
            "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m"
        );
        assert_eq!(
            visible_coloured("a\u{1b}[2Jb\u{1b}]0;x\u{7}\u{9b}c\u{1b}"),
            r"a\u001b[2Jb\u001b]0;x\u0007\u009bc\u001b"
        );
    }
}
