//! `redact` of a target: which values of an answer people are not shown. A path that cannot be read is refused here, so that
//! none hides less than its author thinks. Hiding is elsewhere.

use std::iter::Peekable;
use std::str::Chars;

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// A path such as `$.ResponseBody.lines[*].iban`, `$['tax.id']` or `$..taxId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactPath {
    text: String,
    segments: Vec<RedactSegment>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedactSegment {
    /// The member of this name.
    Member(String),
    /// The item with this number, from the end when it is negative.
    Item(i64),
    /// Every member or item.
    Each,
    /// What has been reached so far, and everything inside it at any depth.
    Descendants,
}

impl RedactPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Why it cannot be read: one sentence without a full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix('$').ok_or("it does not begin with $")?;
        let mut letters = rest.chars().peekable();
        let mut segments = Vec::new();
        while let Some(letter) = letters.next() {
            match letter {
                '[' => segments.push(bracket(&mut letters)?),
                '.' => {
                    if letters.next_if_eq(&'.').is_some() {
                        segments.push(RedactSegment::Descendants);
                    }
                    if letters.next_if_eq(&'[').is_some() {
                        segments.push(bracket(&mut letters)?);
                    } else {
                        segments.push(name(&mut letters)?);
                    }
                }
                other => return Err(format!("{other:?} stands where . or [ should")),
            }
        }
        if segments.is_empty() {
            return Err("it names no value".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its steps, at least one.
    #[must_use]
    pub fn segments(&self) -> &[RedactSegment] {
        &self.segments
    }
}

/// A name without quotes, up to the next step. Characters that have a meaning in other paths must
/// be quoted.
fn name(letters: &mut Peekable<Chars<'_>>) -> Result<RedactSegment, String> {
    let mut name = String::new();
    while let Some(letter) = letters.next_if(|letter| !matches!(letter, '.' | '[')) {
        if letter.is_whitespace() || letter.is_control() || "]()'\"?@*,:$".contains(letter) {
            if name.is_empty() && letter == '*' {
                return Ok(RedactSegment::Each);
            }
            return Err(format!(
                "{letter:?} stands in a name without quotes; write ['...']"
            ));
        }
        name.push(letter);
    }
    if name.is_empty() {
        return Err("a name is missing after .".to_owned());
    }
    Ok(RedactSegment::Member(name))
}

/// The contents of brackets whose opening has been read.
fn bracket(letters: &mut Peekable<Chars<'_>>) -> Result<RedactSegment, String> {
    if let Some(quote) = letters.next_if(|letter| matches!(letter, '\'' | '"')) {
        let mut name = String::new();
        loop {
            match letters.next().ok_or("a quote is not closed")? {
                '\\' => name.push(letters.next().ok_or("a quote is not closed")?),
                letter if letter == quote => break,
                letter => name.push(letter),
            }
        }
        return match letters.next() {
            Some(']') => Ok(RedactSegment::Member(name)),
            _ => Err("] is missing after a quoted name".to_owned()),
        };
    }
    let mut inside = String::new();
    loop {
        match letters.next().ok_or("a bracket is not closed")? {
            ']' => break,
            letter => inside.push(letter),
        }
    }
    match inside.as_str() {
        "*" => Ok(RedactSegment::Each),
        number => number.parse().map(RedactSegment::Item).map_err(|_| {
            format!("[{number}] is none of [*], [number] and ['name']; filters, slices and unions hide nothing")
        }),
    }
}

/// Reads `redact` of a target.
pub(super) fn read(reading: &Reading<'_>, section: &Section<'_>) -> Vec<RedactPath> {
    let mut paths = Vec::new();
    for found in section.texts("redact").unwrap_or_default() {
        match RedactPath::parse(&found.value) {
            Ok(path) => paths.push(path),
            Err(why) => reading.note(
                Problem::new(
                    Code::BadValue,
                    format!("`redact` holds paths such as \"$.RequestBody.taxId\"; {why}"),
                )
                .at(&found.location),
            ),
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::RedactSegment::{Descendants, Each, Item, Member};
    use super::*;

    #[test]
    fn every_form_of_a_step_is_read() {
        let member = |name: &str| Member(name.to_owned());
        for (text, segments) in [
            ("$.a.b", vec![member("a"), member("b")]),
            ("$['a.b'][\"c]d\"]", vec![member("a.b"), member("c]d")]),
            (r"$['it\'s']", vec![member("it's")]),
            ("$.a.['b']", vec![member("a"), member("b")]),
            (
                "$.a[*].b[0][-1]",
                vec![member("a"), Each, member("b"), Item(0), Item(-1)],
            ),
            ("$.a.*", vec![member("a"), Each]),
            ("$..taxId", vec![Descendants, member("taxId")]),
            (
                "$.a..['x y']",
                vec![member("a"), Descendants, member("x y")],
            ),
            ("$..*", vec![Descendants, Each]),
            ("$.Headers.x-tax", vec![member("Headers"), member("x-tax")]),
            ("$.größe", vec![member("größe")]),
        ] {
            let read = RedactPath::parse(text).expect(text);
            assert_eq!(read.segments(), segments, "{text}");
            assert_eq!(read.as_str(), text);
        }
    }

    #[test]
    fn a_path_that_would_hide_less_than_it_says_is_refused() {
        for text in [
            "",
            "$",
            "taxId",
            "$.",
            "$..",
            "$.a.",
            "$...a",
            "$a",
            "$.a b",
            "$['a'",
            "$['a]",
            "$[a]",
            "$[?(@.x)]",
            "$[0:2]",
            "$[0,1]",
            "$['a','b']",
            "$.a[",
            "$.a()",
            "$.a*",
            "$.'a'",
            "$.a]",
        ] {
            assert!(RedactPath::parse(text).is_err(), "{text}");
        }
    }
}
