//! `[workflows.NAME]`: an ASL definition, with its substitutions resolved. The definition is interpreted by
//! `asl`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rampmeter_call::suggestion;

use crate::document::{Node, Reading, Section, Value};
use crate::function::is_name;
use crate::problem::{Code, Problem, SourceLocation, clipped};
use crate::substitution::{self, Substitutions, Unresolved};

/// A workflow of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// Name of the state machine.
    pub name: String,
    /// File of the definition; a relative path starts from the directory of the configuration file.
    pub definition_path: PathBuf,
    /// Text of the definition, every `${...}` resolved; in a plan for AWS all but the predefined ones.
    pub definition: String,
    /// Text of the definition as its file has it.
    pub source_text: String,
    /// The substitutions of its own.
    pub substitutions: BTreeMap<String, String>,
    /// Queue whose messages start executions, one each: the body is the input, the MessageId the name.
    pub source: Option<String>,
    /// Kind of state machine.
    pub workflow_type: WorkflowType,
}

/// Kind of state machine, as AWS has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkflowType {
    /// Durable, up to a year.
    #[default]
    Standard,
    /// Short, up to five minutes. AWS allows no task tokens in it. A file that asks for it is refused: state machines
    /// of this type are created over the AWS API.
    Express,
}

const KEYS: &[&str] = &["definition", "source", "type", "substitutions"];

/// Reads all workflows. `sources` receives the text of each definition that has a problem.
pub(crate) fn read_all(
    reading: &Reading<'_>,
    root: &Section<'_>,
    predefined: &Substitutions,
    sources: &mut BTreeMap<String, String>,
) -> BTreeMap<String, Workflow> {
    let mut workflows = BTreeMap::new();
    let Some(table) = root.named("workflows") else {
        return workflows;
    };
    for entry in &table.entries {
        if !is_name(&entry.key, 80) {
            reading.note(
                Problem::new(Code::BadName, "a workflow's name is malformed")
                    .at(&entry.key_span)
                    .note("it names a state machine: 1 to 80 letters, digits, - or _"),
            );
        }
        if let Some(workflow) = read(reading, &entry.key, &entry.node, predefined, sources) {
            check_source(reading, root, &entry.node, &workflow, &workflows);
            workflows.insert(entry.key.clone(), workflow);
        }
    }
    workflows
}

/// A message starts one execution, so a queue is the source of one workflow; and messages in the queues of a target are
/// calls.
fn check_source(
    reading: &Reading<'_>,
    root: &Section<'_>,
    node: &Node,
    workflow: &Workflow,
    others: &BTreeMap<String, Workflow>,
) {
    let Some(source) = &workflow.source else {
        return;
    };
    let Value::Table(table) = &node.value else {
        return;
    };
    let Some(location) = table.get("source") else {
        return;
    };
    let of_target = |target: &str| {
        let rest = source.strip_prefix(target);
        rest.is_some_and(|rest| {
            ["-high", "-medium", "-batch", "-undelivered", "-dead"].contains(&rest)
        })
    };
    let targets = root.get("targets").map(|node| &node.value);
    let target = match targets {
        Some(Value::Table(targets)) => targets.entries.iter().find(|entry| of_target(&entry.key)),
        _ => None,
    };
    let other = others
        .values()
        .find(|other| other.source.as_ref() == Some(source));
    let wrong = match (target, other) {
        (Some(target), _) => format!("`source` is a queue of the target {}", clipped(&target.key)),
        (None, Some(other)) => format!(
            "`source` is already the source of the workflow {}",
            clipped(&other.name)
        ),
        (None, None) => return,
    };
    reading.note(
        Problem::new(Code::BadValue, wrong)
            .at(&location.span)
            .help("name a queue of its own: each message starts one execution"),
    );
}

fn read(
    reading: &Reading<'_>,
    name: &str,
    node: &Node,
    predefined: &Substitutions,
    sources: &mut BTreeMap<String, String>,
) -> Option<Workflow> {
    let section = Section::open(reading, name, node, "a workflow", KEYS)?.used_here();
    let substitutions = substitutions(reading, &section, predefined);
    let workflow_type = section
        .word(
            "type",
            &[
                ("STANDARD", WorkflowType::Standard),
                ("EXPRESS", WorkflowType::Express),
            ],
        )
        .unwrap_or_default();
    if workflow_type == WorkflowType::Express {
        let help = "leave it out: a STANDARD workflow can do the same, and survives a restart";
        not_served(reading, &section, "type", help);
    }
    let source = section.parsed("source", Code::BadName, |queue| {
        let stem = queue.strip_suffix(".fifo").unwrap_or(queue);
        if is_name(stem, 80) && queue.len() <= 80 {
            Ok(queue.to_owned())
        } else {
            Err(
                "must be the name of a queue: 1 to 80 letters, digits, - or _, and .fifo if it is one"
                    .to_owned(),
            )
        }
    });
    if !section.requires("definition") {
        return None;
    }
    let path = section.text("definition")?;
    let definition_path = reading.context.directory.join(&path.value);
    let text = match (reading.context.read_file)(&definition_path) {
        Ok(text) => text,
        Err(error) => {
            reading.note(
                Problem::new(
                    Code::UnreadableDefinition,
                    format!("the definition cannot be read: {error}"),
                )
                .at(&path.location)
                .note("a relative path starts from the directory of the configuration file"),
            );
            return None;
        }
    };
    let mut substitutions = substitutions?;
    let definition = match substitution::apply(&text, &substitutions) {
        Ok(definition) => definition,
        Err(unresolved) => {
            let file = definition_path.display().to_string();
            sources.insert(file.clone(), text);
            for one in unresolved {
                reading.note(unresolved_problem(&one, predefined).file(file.clone()));
            }
            return None;
        }
    };
    Some(Workflow {
        name: name.to_owned(),
        definition_path,
        definition,
        source_text: text,
        substitutions: {
            substitutions.retain(|name, _| !predefined.contains_key(name));
            substitutions
        },
        source,
        workflow_type,
    })
}

/// A setting that would be read and then ignored: events or guarantees would be lost without a word.
fn not_served(reading: &Reading<'_>, section: &Section<'_>, key: &str, help: &str) {
    if let Some(found) = section.text(key) {
        let message = format!("{key} = \"{}\" is not served yet", clipped(&found.value));
        reading.note(
            Problem::new(Code::NotServed, message)
                .at(&found.location)
                .help(help),
        );
    }
}

fn unresolved_problem(one: &Unresolved, predefined: &Substitutions) -> Problem {
    let name = clipped(&one.name);
    let message = format!("nothing defines the substitution `${{{name}}}`");
    let problem = Problem::new(Code::UnresolvedSubstitution, message).at(one.span.clone());
    match suggestion::nearest(&one.name, predefined.keys().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `${{{near}}}`?")),
        None => problem.help(format!("define it: substitutions = {{ {name} = \"...\" }}")),
    }
}

/// The predefined substitutions and the workflow's own; none if one of those is wrong.
fn substitutions(
    reading: &Reading<'_>,
    section: &Section<'_>,
    predefined: &Substitutions,
) -> Option<Substitutions> {
    let mut all = predefined.clone();
    let mut good = true;
    let own = section
        .named("substitutions")
        .map_or(&[][..], |table| &table.entries);
    for entry in own {
        let location = SourceLocation::from(&entry.node.span);
        let value = match &entry.node.value {
            Value::Text(text) => section.resolve(text, &location),
            Value::Integer(number) => Some(number.to_string()),
            Value::Boolean(truth) => Some(truth.to_string()),
            other => {
                let message = "a substitution is a text, an integer, or true or false";
                let label = format!("this is {}", other.kind());
                reading.note(
                    Problem::new(Code::WrongType, message)
                        .at(&location)
                        .label(label),
                );
                None
            }
        };
        let refusal = if predefined.contains_key(&entry.key) {
            Some("a substitution hides a predefined one")
        } else if substitution::is_name(&entry.key) {
            None
        } else {
            Some("a substitution's name holds more than letters and digits")
        };
        if let Some(message) = refusal {
            reading.note(Problem::new(Code::BadSubstitution, message).at(&entry.key_span));
        }
        if let Some(value) = value.filter(|_| refusal.is_none()) {
            all.insert(entry.key.clone(), value);
        } else {
            good = false;
        }
    }
    good.then_some(all)
}
