//! `[aws]`: how the configuration is deployed, and what differs there. `[aws.targets.NAME]` holds keys that replace those of
//! `[targets.NAME]`.

use std::collections::BTreeMap;

use crate::document::{Node, Reading, Section, Table, Value};
use crate::function::is_name;
use crate::problem::{Code, Problem, clipped};
use crate::target;

/// The maximum length of a stage, in letters: it prefixes names that AWS bounds.
const MAX_STAGE_CHARS: usize = 12;

/// How the configuration is deployed onto AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    /// Name of the CloudFormation stack, without its stage.
    pub stack: Option<String>,
    /// The prefix of every name, so that several stacks fit into one account: `dev`.
    pub stage: Option<String>,
    /// Tags of everything in the stack.
    pub tags: BTreeMap<String, String>,
    /// How limits are held.
    pub limiter: Limiter,
    /// Whether executions and calls are traced by X-Ray: on by default.
    pub tracing: bool,
}

impl Default for Aws {
    fn default() -> Aws {
        Aws {
            stack: None,
            stage: None,
            tags: BTreeMap::new(),
            limiter: Limiter::default(),
            tracing: true,
        }
    }
}

/// How limits are held on AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limiter {
    /// Leases in a table: exact.
    #[default]
    Lease,
    /// Reserved concurrency of the worker: concurrency limits of 6 and more only.
    Reserved,
}

pub(crate) fn read(reading: &Reading<'_>, root: &Section<'_>, node: &Node) -> Aws {
    let keys = &["stack", "stage", "limiter", "tracing", "tags", "targets"];
    let Some(section) = Section::open(reading, "aws", node, "[aws]", keys) else {
        return Aws::default();
    };
    let stack = section.parsed("stack", Code::BadName, |text| {
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins && is_name(text, 128) && !text.contains('_') {
            Ok(text.to_owned())
        } else {
            Err("must be a letter, then at most 127 letters, digits or -".to_owned())
        }
    });
    let stage = section.parsed("stage", Code::BadName, stage);
    let limiter = section
        .word(
            "limiter",
            &[("lease", Limiter::Lease), ("reserved", Limiter::Reserved)],
        )
        .unwrap_or_default();
    check_differences(reading, root, &section);
    let tracing = section.flag("tracing").unwrap_or(true);
    Aws {
        stack,
        stage,
        tags: tags(reading, &section),
        limiter,
        tracing,
    }
}

/// A stage, checked so that it can prefix a name.
///
/// # Errors
/// What it must be, in words.
pub fn stage(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    let served = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if begins && text.len() <= MAX_STAGE_CHARS && text.chars().all(served) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "must be a lower-case letter, then at most {} lower-case letters or digits",
            MAX_STAGE_CHARS - 1
        ))
    }
}

/// Tags by their keys, which AWS bounds to 128 letters, and their values to 256.
fn tags(reading: &Reading<'_>, aws: &Section<'_>) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for entry in aws.named("tags").map_or(&[][..], |table| &table.entries) {
        let served = match &entry.node.value {
            Value::Text(text) => {
                let is_short = !entry.key.is_empty() && entry.key.len() <= 128 && text.len() <= 256;
                // The printed commands contain them as they are.
                let is_plain = |text: &str| {
                    text.chars()
                        .all(|c| c.is_ascii_alphanumeric() || "_.:/+-@".contains(c))
                };
                (is_short && is_plain(&entry.key) && is_plain(text)).then(|| text.clone())
            }
            _ => None,
        };
        match served {
            Some(value) => {
                tags.insert(entry.key.clone(), value);
            }
            None => reading.note(
                Problem::new(
                    Code::BadValue,
                    format!("the tag `{}` is none", clipped(&entry.key)),
                )
                .at(&entry.node.span)
                .note("a tag is a text of at most 256 letters, digits and _.:/+-@"),
            ),
        }
    }
    tags
}

/// Checks that `[aws.targets.NAME]` names existing targets and keys. The values are read where they are
/// used.
fn check_differences(reading: &Reading<'_>, root: &Section<'_>, aws: &Section<'_>) {
    let targets = match root.get("targets").map(|node| &node.value) {
        Some(Value::Table(table)) => Some(table),
        _ => None,
    };
    for entry in aws.named("targets").map_or(&[][..], |table| &table.entries) {
        if targets.is_none_or(|targets| targets.get(&entry.key).is_none()) {
            let name = clipped(&entry.key);
            reading.note(
                Problem::new(Code::BadName, format!("there is no target `{name}`"))
                    .at(&entry.key_span)
                    .note("[aws.targets.NAME] holds what differs on AWS from [targets.NAME]"),
            );
        }
        Section::open(reading, &entry.key, &entry.node, "a target", target::KEYS);
    }
}

/// The file as it is on AWS: what differs there replaces what the targets say.
pub(crate) fn with_differences(mut root: Node) -> Node {
    let differences = match &root.value {
        Value::Table(table) => inner(table, "aws")
            .and_then(|aws| inner(aws, "targets"))
            .cloned(),
        _ => None,
    };
    let Some(differences) = differences else {
        return root;
    };
    let Some(targets) = inner_mut(&mut root, "targets") else {
        return root;
    };
    for difference in differences.entries {
        let of_target = targets
            .entries
            .iter_mut()
            .find(|entry| entry.key == difference.key);
        let (Some(of_target), Value::Table(changes)) = (of_target, difference.node.value) else {
            continue;
        };
        let Value::Table(target) = &mut of_target.node.value else {
            continue;
        };
        for change in changes.entries {
            target.entries.retain(|entry| entry.key != change.key);
            target.entries.push(change);
        }
    }
    root
}

fn inner<'a>(table: &'a Table, key: &str) -> Option<&'a Table> {
    match &table.get(key)?.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}

fn inner_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Table> {
    let Value::Table(table) = &mut node.value else {
        return None;
    };
    let entry = table.entries.iter_mut().find(|entry| entry.key == key)?;
    match &mut entry.node.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}
