//! What a credential's rights apply to: patterns for the names of queues, workflows and targets. `*` stands for any
//! letters.

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// Names by pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Queues.
    pub queues: Vec<Pattern>,
    /// Workflows, with their executions and map runs.
    pub workflows: Vec<Pattern>,
    /// Targets, by their queues.
    pub targets: Vec<Pattern>,
}

/// A name in which `*` stands for any letters, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

pub(super) const KEYS: [&str; 3] = ["queues", "workflows", "targets"];

impl Pattern {
    /// Whether it matches this name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some((_, after)) = rest.split_once(part) else {
                return false;
            };
            rest = after;
        }
        true
    }
}

/// The scope that a credential's table names; absent if it names none and the rights apply to everything.
pub(super) fn read(reading: &Reading<'_>, credential: &Section<'_>) -> Option<Scope> {
    if KEYS.iter().all(|key| credential.get(key).is_none()) {
        return None;
    }
    let patterns = |key| -> Vec<Pattern> {
        let texts = credential.texts(key).unwrap_or_default();
        let texts = texts.into_iter().filter_map(|found| {
            let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_.*".contains(letter);
            if found.value.is_empty()
                || found.value.len() > 128
                || !found.value.chars().all(letters)
            {
                let what = format!("`{key}` holds something that is neither a name nor a pattern");
                reading.note(Problem::new(Code::BadValue, what).at(&found.location));
                return None;
            }
            Some(Pattern(found.value))
        });
        texts.collect()
    };
    Some(Scope {
        queues: patterns("queues"),
        workflows: patterns("workflows"),
        targets: patterns("targets"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters_and_nothing_else_does() {
        let matches = |pattern: &str, name: &str| Pattern(pattern.to_owned()).matches(name);
        for (pattern, name) in [
            ("orders", "orders"),
            ("*", "anything"),
            ("*", ""),
            ("orders-*", "orders-"),
            ("orders-*", "orders-eu"),
            ("*-dead", "orders-dead"),
            ("a*b*c", "a-b-b-c"),
            ("a*b*c", "abc"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("orders", "orders-eu"),
            ("orders", "order"),
            ("orders-*", "orders"),
            ("*-dead", "orders-dead-2"),
            ("a*b*c", "acb"),
            ("a*a", "a"),
            ("a.c", "abc"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
