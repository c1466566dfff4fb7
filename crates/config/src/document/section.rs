//! Reads the keys of one table: each by its type, unknown ones refused with a suggestion, every problem noted
//! with its place. If a getter returns none, either it has noted why or the key is absent.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use rampmeter_call::suggestion;
use rampmeter_caller::{Network, Secret};
use rampmeter_time::duration;

use super::reading::Reading;
use super::reference;
use super::tree::{Node, Table, Value};
use crate::problem::{Code, Problem, SourceLocation, clipped};

/// One table, being read.
pub(crate) struct Section<'a> {
    pub(crate) reading: &'a Reading<'a>,
    pub(crate) table: &'a Table,
    pub(crate) span: Range<usize>,
    /// What the table is, for messages: "a limit".
    what: &'static str,
    /// Environment variables of this prefix override its keys.
    overridden_by: Option<&'static str>,
    /// Its values are used where the file is read, whatever host makes the calls.
    used_here: bool,
}

/// A value with its place, read from the file or from an overriding variable.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) location: SourceLocation,
}

impl<'a> Section<'a> {
    /// Opens a table and refuses unknown keys.
    pub(crate) fn open(
        reading: &'a Reading<'a>,
        key: &str,
        node: &'a Node,
        what: &'static str,
        keys: &[&str],
    ) -> Option<Section<'a>> {
        let Value::Table(table) = &node.value else {
            reading.wrong_type(
                key,
                "a table",
                &node.value,
                &SourceLocation::from(&node.span),
            );
            return None;
        };
        let section = Section {
            reading,
            table,
            span: node.span.clone(),
            what,
            overridden_by: None,
            used_here: false,
        };
        section.refuse_unknown(keys);
        Some(section)
    }

    pub(crate) fn overridden_by(self, prefix: &'static str) -> Section<'a> {
        Section {
            overridden_by: Some(prefix),
            ..self
        }
    }

    pub(crate) fn used_here(self) -> Section<'a> {
        Section {
            used_here: true,
            ..self
        }
    }

    fn refuse_unknown(&self, keys: &[&str]) {
        for entry in self
            .table
            .entries
            .iter()
            .filter(|entry| !keys.contains(&entry.key.as_str()))
        {
            let key = clipped(&entry.key);
            let problem = Problem::new(Code::UnknownKey, format!("unknown key `{key}`"))
                .at(&entry.key_span)
                .label(format!("not a key of {}", self.what));
            self.reading.note(
                match suggestion::nearest(&entry.key, keys.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("its keys are {}", keys.join(", "))),
                },
            );
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.table.get(key)
    }

    /// Notes it if a required key is absent; returns whether it is present.
    pub(crate) fn requires(&self, key: &str) -> bool {
        let present = self.get(key).is_some();
        if !present {
            self.reading.note(
                Problem::new(Code::MissingKey, format!("{} needs `{key}`", self.what))
                    .at(&self.span)
                    .label(format!("`{key}` is missing here")),
            );
        }
        present
    }

    /// A text with its references resolved.
    pub(crate) fn text(&self, key: &str) -> Option<Found<String>> {
        if let Some(found) = self.variable(key) {
            return Some(found);
        }
        let node = self.get(key)?;
        let location = SourceLocation::from(&node.span);
        let Value::Text(text) = &node.value else {
            self.reading
                .wrong_type(key, "a text", &node.value, &location);
            return None;
        };
        let value = self.resolve(text, &location)?;
        Some(Found { value, location })
    }

    /// A text that must be one reference.
    pub(crate) fn secret(&self, key: &str) -> Option<Secret> {
        let node = self.get(key)?;
        let location = SourceLocation::from(&node.span);
        match &node.value {
            Value::Text(text) if reference::is_reference(text) => {
                let secret = self.resolve(text, &location)?;
                if !secret.is_empty() {
                    return Some(Secret::new(secret));
                }
                self.reading.note(
                    Problem::new(Code::BadCredential, format!("`{key}` is empty")).at(&location),
                );
                None
            }
            _ => {
                self.reading.note(
                    Problem::new(
                        Code::LiteralSecret,
                        format!("`{key}` must be a reference, not the secret itself"),
                    )
                    .at(&location)
                    .label("not shown")
                    .note(
                        "this file is read, copied and committed; a secret in it does not stay one",
                    )
                    .help(format!(
                        "write {key} = {}",
                        self.reading.context.host.forms_of_secrets()
                    )),
                );
                None
            }
        }
    }

    pub(crate) fn resolve(&self, text: &str, location: &SourceLocation) -> Option<String> {
        let context = &self.reading.context;
        let resolved = if self.used_here {
            context.resolve_here(text, location)
        } else {
            context.resolve(text, location)
        };
        match resolved {
            Ok(value) => Some(value),
            Err(problems) => {
                problems
                    .into_iter()
                    .for_each(|problem| self.reading.note(problem));
                None
            }
        }
    }

    /// Whether an environment variable overrides this key.
    pub(crate) fn is_overridden(&self, key: &str) -> bool {
        self.variable(key).is_some()
    }

    fn variable(&self, key: &str) -> Option<Found<String>> {
        let name = format!("{}{}", self.overridden_by?, key.to_uppercase());
        let value = (self.reading.context.environment)(&name)?;
        Some(Found {
            value,
            location: SourceLocation::Variable(name),
        })
    }

    /// A text that `read` turns into a value; what `read` refuses is a bad value, with the reason that
    /// it gives.
    pub(crate) fn parsed<T>(
        &self,
        key: &str,
        code: Code,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.text(key)?;
        match read(&found.value) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.reading
                    .note(Problem::new(code, format!("`{key}` {reason}")).at(&found.location));
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Clone>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let found = self.text(key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == found.value) {
            return Some(value.clone());
        }
        let served: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem = Problem::new(
            Code::BadValue,
            format!("`{key}` is not one of the supported values"),
        )
        .at(&found.location)
        .note(format!("served are {}", served.join(", ")));
        self.reading
            .note(match suggestion::nearest(&found.value, served) {
                Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                None => problem,
            });
        None
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        if let Some(found) = self.variable(key) {
            if let Ok(flag) = found.value.parse() {
                return Some(flag);
            }
            let problem = format!("`{key}` must be true or false");
            self.reading
                .note(Problem::new(Code::BadValue, problem).at(&found.location));
            return None;
        }
        let node = self.get(key)?;
        let Value::Boolean(flag) = node.value else {
            let location = SourceLocation::from(&node.span);
            self.reading
                .wrong_type(key, "true or false", &node.value, &location);
            return None;
        };
        Some(flag)
    }

    /// A duration within a range.
    pub(crate) fn duration(&self, key: &str, served: RangeInclusive<Duration>) -> Option<Duration> {
        if let Some(Node {
            value: Value::Integer(number),
            span,
        }) = self.get(key)
        {
            self.reading.note(
                Problem::new(Code::WrongType, format!("`{key}` has no unit"))
                    .at(span)
                    .help(format!(
                        "write \"{number}s\" for seconds, or \"{number}ms\" for milliseconds"
                    )),
            );
            return None;
        }
        let found = self.text(key)?;
        let Some(value) = duration::read(&found.value) else {
            self.reading.note(
                Problem::new(Code::BadDuration, format!("`{key}` is not a duration"))
                    .at(&found.location)
                    .help(format!(
                        "write numbers with their units in quotes: {}",
                        duration::EXAMPLES
                    )),
            );
            return None;
        };
        if !value.subsec_nanos().is_multiple_of(1_000_000) {
            self.reading.note(
                Problem::new(
                    Code::BadDuration,
                    format!("`{key}` must be in whole milliseconds"),
                )
                .at(&found.location),
            );
            return None;
        }
        if served.contains(&value) {
            return Some(value);
        }
        let (least, most) = (
            duration::show(*served.start()),
            duration::show(*served.end()),
        );
        self.reading.note(
            Problem::new(
                Code::BadDuration,
                format!("`{key}` must be from {least} to {most}"),
            )
            .at(&found.location),
        );
        None
    }

    /// A whole number within a range; a number outside it is a problem with the given code.
    pub(crate) fn count(&self, key: &str, served: RangeInclusive<u64>, code: Code) -> Option<u64> {
        self.reading.count(key, self.get(key)?, served, code)
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<Found<String>>> {
        let node = self.get(key)?;
        let Value::Array(items) = &node.value else {
            self.reading.wrong_type(
                key,
                "a list of texts",
                &node.value,
                &SourceLocation::from(&node.span),
            );
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            let location = SourceLocation::from(&item.span);
            match &item.value {
                Value::Text(text) => texts.push(Found {
                    value: text.clone(),
                    location,
                }),
                other => self
                    .reading
                    .wrong_type(key, "a list of texts", other, &location),
            }
        }
        Some(texts)
    }

    /// A list of blocks of addresses; empty where it is absent.
    pub(crate) fn networks(&self, key: &str) -> Vec<Network> {
        let mut networks = Vec::new();
        for found in self.texts(key).unwrap_or_default() {
            match found.value.parse() {
                Ok(network) => networks.push(network),
                Err(error) => self.reading.note(
                    Problem::new(Code::BadValue, format!("`{key}`: this {error}"))
                        .at(&found.location),
                ),
            }
        }
        networks
    }

    /// The entries of a table whose keys are names that the user chooses.
    pub(crate) fn named(&self, key: &str) -> Option<&'a Table> {
        let node = self.get(key)?;
        if let Value::Table(table) = &node.value {
            return Some(table);
        }
        self.reading.wrong_type(
            key,
            "a table",
            &node.value,
            &SourceLocation::from(&node.span),
        );
        None
    }
}
