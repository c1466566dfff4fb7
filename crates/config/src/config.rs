//! The whole configuration: one file read into types, or a report of everything that is wrong with it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::deployment::{self, Aws};
use crate::document::{
    Host, Node, Notation, Reading, ReferenceContext, Section, Table, Value, mask, tree,
};
use crate::function::{self, Function};
use crate::problem::{Code, Problem, Report, Severity};
use crate::server::Server;
use crate::slo::{self, Slo};
use crate::substitution::{self, Substitutions};
use crate::target::{self, Target};
use crate::workflow::{self, Workflow};
use rampmeter_caller::{Auth, GrantKind, Profile};
use rampmeter_dispatch::Priority;

/// A configuration. `Default` is that of an empty file: no targets, no workflows.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Settings of the embedded host.
    pub server: Server,
    /// The acceptable waiting times, by priority.
    pub slo: BTreeMap<Priority, Slo>,
    /// Remote accounts by name.
    pub targets: BTreeMap<String, Target>,
    /// Workflows by name.
    pub workflows: BTreeMap<String, Workflow>,
    /// Stand-ins for Lambda functions by name.
    pub functions: BTreeMap<String, Function>,
    /// The deployment on AWS.
    pub aws: Aws,
    /// What was probably not intended.
    pub warnings: Report,
}

/// A file that was read, and what the reading found.
pub(crate) struct Read {
    pub(crate) config: Config,
    /// The file as a tree, with what differs on that host.
    pub(crate) root: Node,
    /// The secrets of AWS that it refers to.
    pub(crate) secrets: BTreeSet<String>,
}

const KEYS: &[&str] = &[
    "version",
    "server",
    "slo",
    "targets",
    "workflows",
    "functions",
    "aws",
];

impl Config {
    /// Reads a file: JSON if its name ends in `.json`, else TOML.
    ///
    /// # Errors
    /// A report of everything that is wrong.
    pub fn load(
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, Report> {
        let read_file = |path: &Path| std::fs::read_to_string(path);
        match read_file(path) {
            Ok(text) => Config::parse(&text, path, environment, &read_file),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// The configuration of no file at all: the defaults, with `RAMPMETER_SERVER__KEY` applied.
    ///
    /// # Errors
    /// A report of the variables that are wrong.
    pub fn from_environment(
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, Report> {
        let no_file = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
        Config::parse("", Path::new(""), environment, &no_file)
    }

    /// Reads a text as if it were the contents of the file `origin`, whose name decides between TOML and
    /// JSON and whose directory is where relative paths start.
    ///
    /// # Errors
    /// A report of everything that is wrong.
    pub fn parse(
        text: &str,
        origin: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
        read_file: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<Config, Report> {
        Config::parse_for(text, origin, environment, read_file, Host::Machine)
            .map(|read| read.config)
    }

    /// The same for either host.
    pub(crate) fn parse_for(
        text: &str,
        origin: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
        read_file: &dyn Fn(&Path) -> io::Result<String>,
        host: Host,
    ) -> Result<Read, Report> {
        let file = origin.display().to_string();
        let mut root = match tree::parse(text, notation(origin)) {
            Ok(root) => root,
            Err(problems) => {
                let problems = problems
                    .into_iter()
                    .map(|problem| problem.file(file.clone()))
                    .collect();
                return Err(Report::new(
                    problems,
                    BTreeMap::from([(file, mask::unparsed(text))]),
                ));
            }
        };
        let mut sources = BTreeMap::from([(file.clone(), mask::parsed(text, &root))]);
        if host.is_aws() {
            root = deployment::with_differences(root);
        }
        let directory = origin.parent().unwrap_or(Path::new(""));
        let reading = Reading {
            file,
            context: ReferenceContext {
                directory,
                environment,
                read_file,
                host,
            },
            problems: RefCell::new(Vec::new()),
        };
        let mut config = read(&reading, &root, &mut sources);
        let mut problems = reading.problems.into_inner();
        if problems
            .iter()
            .all(|problem| problem.severity == Severity::Warning)
        {
            config.warnings = Report::new(problems, sources);
            let secrets = reading.context.host.into_secret_names();
            return Ok(Read {
                config,
                root,
                secrets,
            });
        }
        problems.retain(|problem| problem.severity == Severity::Error);
        problems.sort_by_key(|problem| {
            (
                problem.file != reading.file,
                problem.span.as_ref().map(|span| span.start),
            )
        });
        Err(Report::new(problems, sources))
    }

    /// Sets the files for refresh tokens that their servers replace: below the data directory, one for each target and for
    /// each endpoint that has its own sign-in.
    pub fn keep_refresh_tokens(&mut self) {
        let directory = self.server.data_dir.join("refresh-tokens");
        for (name, target) in &mut self.targets {
            keep_refresh_token(&mut target.profile, &directory.join(name));
            let endpoints = target.profile.endpoints.iter_mut();
            for (endpoint, at) in endpoints.filter(|(_, at)| at.own_sign_in) {
                // No target name contains a dot.
                let file = directory.join(format!("{name}.{endpoint}"));
                keep_refresh_token(&mut at.profile, &file);
            }
        }
    }

    /// The substitutions that every definition may use: four queue URLs for each target, the ARN of each workflow.
    #[must_use]
    pub fn predefined_substitutions(&self) -> BTreeMap<String, String> {
        let workflows = self.workflows.keys();
        let of_workflows = workflows.map(|name| substitution::of_workflow(&self.server, name));
        self.targets
            .keys()
            .flat_map(|name| substitution::of_target(&self.server, name))
            .chain(of_workflows)
            .collect()
    }
}

fn keep_refresh_token(profile: &mut Profile, file: &Path) {
    if let Auth::OAuth2(oauth2) = &mut profile.auth
        && oauth2.grant.kind() == GrantKind::RefreshToken
    {
        oauth2.kept_in = Some(file.to_owned());
    }
}

/// The report on a file that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Report {
    let message = format!("the configuration cannot be read: {error}");
    let problem = Problem::new(Code::UnreadableFile, message)
        .file(path.display().to_string())
        .help("rampmeter init");
    Report::new(vec![problem], BTreeMap::new())
}

fn notation(origin: &Path) -> Notation {
    let json = origin
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if json { Notation::Json } else { Notation::Toml }
}

fn read(reading: &Reading<'_>, root: &Node, sources: &mut BTreeMap<String, String>) -> Config {
    let Some(section) = Section::open(reading, "the file", root, "the file", KEYS) else {
        return Config::default();
    };
    check_version(reading, &section);
    let host = &reading.context.host;
    let server = if host.is_aws() {
        Server::default()
    } else {
        // Without a [server] section its variables are still read.
        let nothing = Node {
            span: 0..0,
            value: Value::Table(Table::default()),
        };
        Server::read(reading, section.get("server").unwrap_or(&nothing))
    };
    let slo = section
        .get("slo")
        .map(|node| slo::read(reading, node))
        .unwrap_or_default();
    let targets = target::read_all(reading, &section);
    let mut predefined = predefined(reading, &section, &server);
    if host.is_aws() {
        // Their values are known only when the stack is created: until then each one stands for
        // itself.
        for (name, value) in &mut predefined {
            *value = format!("${{{name}}}");
        }
    }
    // A worker has its own target's configuration and none of the workflows.
    let (workflows, functions) = match host.only_target() {
        None => (
            workflow::read_all(reading, &section, &predefined, sources),
            function::read_all(reading, &section),
        ),
        Some(_) => (BTreeMap::new(), BTreeMap::new()),
    };
    let aws = section
        .get("aws")
        .map(|node| deployment::read(reading, &section, node))
        .unwrap_or_default();
    Config {
        server,
        slo,
        targets,
        workflows,
        functions,
        aws,
        warnings: Report::default(),
    }
}

/// The version of the file that this program reads.
pub const VERSION: i64 = 1;

fn check_version(reading: &Reading<'_>, section: &Section<'_>) {
    let Some(node) = section.get("version") else {
        return;
    };
    if !matches!(node.value, Value::Integer(VERSION)) {
        reading.note(
            Problem::new(
                Code::UnsupportedVersion,
                format!("the file's version is not {VERSION}"),
            )
            .at(&node.span)
            .note(format!("this program reads version {VERSION}")),
        );
    }
}

/// The substitutions of every target in the file, including those that have problems of their own: a definition
/// is not to blame for them.
fn predefined(reading: &Reading<'_>, section: &Section<'_>, server: &Server) -> Substitutions {
    let mut all = Substitutions::new();
    if let Some(Value::Table(workflows)) = section.get("workflows").map(|node| &node.value) {
        let names = workflows.entries.iter().map(|entry| &entry.key);
        all.extend(names.map(|name| substitution::of_workflow(server, name)));
    }
    let Some(Value::Table(targets)) = section.get("targets").map(|node| &node.value) else {
        return all;
    };
    for entry in &targets.entries {
        for (name, url) in substitution::of_target(server, &entry.key) {
            if name.ends_with("Queues") && all.contains_key(&name) {
                reading.note(
                    Problem::new(
                        Code::NameClash,
                        format!("two targets lead to the substitution `${{{name}}}`"),
                    )
                    .at(&entry.key_span)
                    .help("rename one of them"),
                );
            }
            all.insert(name, url);
        }
    }
    all
}
