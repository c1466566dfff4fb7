//! The configuration as it is used on AWS: `[aws]`, what differs there, and what its references mean there.
//!
//! The same file serves both hosts. `[aws.targets.NAME]` holds what differs: its keys replace those of
//! `[targets.NAME]`, so that an address of a stand-in or a secret in a variable is named beside what it becomes. In a
//! target only `${secret:NAME}` leads anywhere on AWS: a function has neither the user's variables nor their files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::Path;

use crate::code::Code;
use crate::config::{self, Config};
use crate::function::is_name;
use crate::mask;
use crate::problem::Problem;
use crate::reading::{Reading, clipped};
use crate::reference::{Host, OnAws, Secrets};
use crate::report::Report;
use crate::section::Section;
use crate::target;
use crate::tree::{Node, Table, Value};

/// How the configuration is deployed onto AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    /// Name of the CloudFormation stack.
    pub stack: Option<String>,
    /// How limits are held.
    pub limiter: Limiter,
    /// Whether executions and calls are traced by X-Ray: on where nothing is said.
    pub tracing: bool,
}

impl Default for Aws {
    fn default() -> Aws {
        Aws {
            stack: None,
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

/// A configuration read for AWS without its secrets: what a deployment is planned from.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration. A target whose sign-in is made from a private key has none here.
    pub config: Config,
    /// The names of the secrets that each target refers to, by the target's name.
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    /// The file, to show places of it.
    pub source: Source,
    /// The file's text as it is, for the layer.
    pub original: String,
}

/// The text of a configuration with its secrets blanked, in which keys can be found.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    root: Node,
}

impl Source {
    /// The text, every possible secret replaced by asterisks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the value at a path of keys (indices in lists); of its nearest ancestor in the file when it is
    /// not there. What `[aws.targets.NAME]` replaces is found where it is replaced.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Range<usize> {
        let mut node = &self.root;
        for key in path {
            let next = match &node.value {
                Value::Table(table) => table.get(key),
                Value::Array(items) => key.parse().ok().and_then(|at: usize| items.get(at)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.span.clone()
    }
}

/// Reads a file for a deployment: JSON if its name ends in `.json`, else TOML. See [`plan`].
///
/// # Errors
/// A report of everything that is wrong.
pub fn load(
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Plan, Report> {
    match read_file(path) {
        Ok(text) => plan(&text, path, environment, read_file),
        Err(error) => Err(config::unreadable(path, &error)),
    }
}

/// Reads a configuration for a deployment, without any secret. The definitions' own substitutions may refer to
/// variables and files of the one who deploys; targets may not.
///
/// # Errors
/// A report of everything that is wrong.
pub fn plan(
    text: &str,
    origin: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Plan, Report> {
    let host = Host::Aws(OnAws {
        only: None,
        secrets: Secrets::Noted(RefCell::default()),
    });
    let read = Config::parse_for(text, origin, environment, read_file, host)?;
    let mut secrets = BTreeMap::new();
    for name in read.config.targets.keys() {
        secrets.insert(name.clone(), secret_names(text, origin, name)?);
    }
    Ok(Plan {
        config: read.config,
        secrets,
        source: Source {
            text: mask::parsed(text, &read.root),
            root: read.root,
        },
        original: text.to_owned(),
    })
}

/// The names of the secrets that one target needs on AWS.
///
/// # Errors
/// A report of everything that is wrong with what concerns this target.
pub fn secret_names(text: &str, origin: &Path, target: &str) -> Result<BTreeSet<String>, Report> {
    let host = Host::Aws(OnAws {
        only: Some(target.to_owned()),
        secrets: Secrets::Noted(RefCell::default()),
    });
    let read = Config::parse_for(text, origin, &no_variable, &no_file, host)?;
    Ok(read.secrets)
}

/// The configuration of one target with the values of its secrets, as its worker on AWS uses it: no other target, no
/// workflow, no `[server]`.
///
/// # Errors
/// A report of everything that is wrong with what concerns this target, a secret that is not there among it.
pub fn target(
    text: &str,
    origin: &Path,
    target: &str,
    secrets: &BTreeMap<String, String>,
) -> Result<Config, Report> {
    let host = Host::Aws(OnAws {
        only: Some(target.to_owned()),
        secrets: Secrets::Known(secrets.clone()),
    });
    Config::parse_for(text, origin, &no_variable, &no_file, host).map(|read| read.config)
}

fn no_variable(_: &str) -> Option<String> {
    None
}

fn no_file(_: &Path) -> io::Result<String> {
    Err(io::Error::from(io::ErrorKind::NotFound))
}

pub(crate) fn read(reading: &Reading<'_>, root: &Section<'_>, node: &Node) -> Aws {
    let keys = &["stack", "limiter", "tracing", "targets"];
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
        limiter,
        tracing,
    }
}

/// `[aws.targets.NAME]` names targets and keys that there are. What the keys hold is read where it is used.
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

/// The file as it is on AWS: what differs there takes the place of what stands in the targets.
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
