//! The configuration as it is used on AWS: read for a deployment without its secrets, or for the worker of one target with
//! them.
//!
//! The same file serves both hosts. `[aws.targets.NAME]` holds what differs (`deployment`), so that the address of a
//! stand-in, or a secret in a variable, is written beside what replaces it. On AWS a target can refer only to
//! `${secret:NAME}`: a function has neither the user's variables nor their files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::Path;

use crate::config::{self, Config};
use crate::document::{Host, Node, OnAws, Secrets, Value, mask};
use crate::problem::Report;

/// A configuration read for AWS without its secrets: what a deployment is planned from.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration. A target that signs in with a private key has no sign-in here.
    pub config: Config,
    /// The names of the secrets that each target refers to, by the target's name.
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    /// The file, for showing places in it.
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

    /// The bytes of the value at a path of keys (indices in lists), or of its nearest ancestor in the file if it
    /// is not there. A value that `[aws.targets.NAME]` replaces is found in that table.
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
/// variables and files of whoever deploys; targets may not.
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
/// # Errors A report of everything that is wrong with what concerns this target, including missing secrets.
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
