//! What a state machine must be allowed to do, read from its definition: its role gets no more than that. What cannot
//! be read from the definition is named, so that the user can add it.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_config::{Config, Workflow, pascal_case};
use rampmeter_dispatch::Priority;
use serde_json::Value;

use super::definition::{Argument, State, argument, states, substitutions};
use super::name::{self, Naming};

/// What a definition asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Names of queues that it sends to.
    pub(crate) queues: BTreeSet<String>,
    /// Names or ARNs of functions that it invokes.
    pub(crate) functions: BTreeSet<String>,
    /// Names or ARNs of state machines that it starts, and whether it waits for their end.
    pub(crate) machines: BTreeMap<String, bool>,
    /// Whether it has a Distributed Map, whose child executions are of its own state machine.
    pub(crate) map_run: bool,
    /// ARNs of connections of HTTP Tasks; empty for one that comes from data.
    pub(crate) connections: BTreeSet<String>,
    /// States whose rights cannot be read from the definition: the JSON pointer and what they do.
    pub(crate) unknown: Vec<(String, String)>,
}

impl Rights {
    /// The rights that a workflow's definition asks for.
    pub(crate) fn of(config: &Config, workflow: &Workflow) -> Rights {
        let mut rights = Rights::default();
        let definition = serde_json::from_str(&workflow.definition).unwrap_or(Value::Null);
        let naming = Naming::of(config.aws.stage.as_deref());
        let names = Names { config, naming };
        for (place, state) in states(&definition) {
            rights.add(&names, &place, &state);
        }
        rights
    }

    fn add(&mut self, names: &Names<'_>, place: &str, state: &State<'_>) {
        let processor = state.fields.get("ItemProcessor");
        let mode = processor.and_then(|processor| processor["ProcessorConfig"]["Mode"].as_str());
        if mode == Some("DISTRIBUTED") {
            self.map_run = true;
            for field in ["ItemReader", "ResultWriter"] {
                if state.fields.contains_key(field) {
                    let what = format!("{field} of a Distributed Map");
                    self.unknown.push((format!("{place}/{field}"), what));
                }
            }
        }
        let Some(resource) = state.resource() else {
            return;
        };
        let of = |field: &str| {
            state
                .arguments()
                .and_then(|arguments| argument(arguments, field))
        };
        let (action, pattern) = resource.split_once('.').unwrap_or((resource, ""));
        let known = match action.trim_start_matches("aws-sdk:") {
            "sqs:sendMessage" => names.queues(of("QueueUrl"), &mut self.queues),
            "lambda:invoke" => names.functions(of("FunctionName"), &mut self.functions),
            "states:startExecution" | "sfn:startExecution" => {
                let waits = pattern.starts_with("sync");
                names.machines(of("StateMachineArn"), waits, &mut self.machines)
            }
            "http:invoke" => self.connection(state),
            arn if arn.contains(":function:") => {
                names.functions(Some(Argument::Literal(resource)), &mut self.functions)
            }
            // Whoever polls an activity needs rights; the state machine needs none.
            arn => arn.contains(":activity:"),
        };
        if !known {
            self.unknown.push((place.to_owned(), resource.to_owned()));
        }
    }

    fn connection(&mut self, state: &State<'_>) -> bool {
        let arguments = state.arguments();
        let connection = ["Authentication", "InvocationConfig"]
            .iter()
            .find_map(|field| arguments?.get(*field)?.get("ConnectionArn")?.as_str());
        match connection.filter(|arn| arn.starts_with("arn:")) {
            Some(arn) => self.connections.insert(arn.to_owned()),
            None => return false,
        };
        true
    }
}

/// What names in a definition stand for.
struct Names<'a> {
    config: &'a Config,
    naming: Naming<'a>,
}

impl Names<'_> {
    fn queues(&self, url: Option<Argument<'_>>, found: &mut BTreeSet<String>) -> bool {
        self.resolve(url, found, &|names, substitution| {
            names.target_queues(substitution)
        })
    }

    fn functions(&self, function: Option<Argument<'_>>, found: &mut BTreeSet<String>) -> bool {
        let mut functions = BTreeSet::new();
        let known = self.resolve(function, &mut functions, &|_, _| None);
        found.extend(functions.into_iter().map(|function| unqualified(&function)));
        known
    }

    fn machines(
        &self,
        machine: Option<Argument<'_>>,
        waits: bool,
        found: &mut BTreeMap<String, bool>,
    ) -> bool {
        let mut machines = BTreeSet::new();
        let known = self.resolve(machine, &mut machines, &|names, substitution| {
            let workflows = names.config.workflows.keys();
            let named = workflows.filter(|name| pascal_case(name) + "Arn" == substitution);
            let staged = named.map(|name| names.naming.staged(name));
            Some(staged.collect()).filter(|found: &Vec<String>| !found.is_empty())
        });
        for machine in machines {
            *found.entry(machine).or_default() |= waits;
        }
        known
    }

    /// The names behind an argument: a literal text stands for itself, an expression for the substitutions in it.
    fn resolve(
        &self,
        value: Option<Argument<'_>>,
        found: &mut BTreeSet<String>,
        predefined: &dyn Fn(&Self, &str) -> Option<Vec<String>>,
    ) -> bool {
        let (text, is_literal) = match value {
            Some(Argument::Literal(text)) => (text, true),
            Some(Argument::Expression(text)) => (text, false),
            None => return false,
        };
        let before = found.len();
        for substitution in substitutions(text) {
            if let Some(names) = predefined(self, substitution) {
                found.extend(names);
            }
        }
        if found.len() > before {
            return true;
        }
        let is_whole = is_literal && !text.is_empty() && !text.contains("${");
        if is_whole {
            found.insert(last_part(text));
        }
        // A name that was found before is not new, yet known all the same.
        is_whole || substitutions(text).any(|name| predefined(self, name).is_some())
    }

    /// The queues that a predefined substitution of a target leads to.
    fn target_queues(&self, substitution: &str) -> Option<Vec<String>> {
        self.config.targets.keys().find_map(|target| {
            let rest = substitution.strip_prefix(pascal_case(target).as_str())?;
            if rest == "Queues" {
                return Some(
                    Priority::ALL
                        .map(|priority| self.naming.queue(target, priority))
                        .into(),
                );
            }
            let of_priority = |priority: &&Priority| name::of_priority(**priority) == rest;
            let priority = Priority::ALL.iter().find(of_priority)?;
            Some(vec![self.naming.queue(target, *priority)])
        })
    }
}

/// The name within a queue's URL; an ARN stays whole.
fn last_part(text: &str) -> String {
    if text.starts_with("arn:") {
        return text.to_owned();
    }
    text.rsplit('/').next().unwrap_or(text).to_owned()
}

/// A function without its version or alias; rights are given for all of them.
fn unqualified(function: &str) -> String {
    let parts: Vec<&str> = function.split(':').collect();
    match parts[..] {
        ["arn", ..] if parts.len() > 7 => parts[..7].join(":"),
        ["arn", ..] => function.to_owned(),
        _ => parts[0].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn rights(states: &Value) -> Rights {
        let definition = json!({ "StartAt": "A", "States": states }).to_string();
        let text = "[targets.net-suite]\nbase_url = \"https://n.test\"\n\
                    [workflows.w]\ndefinition = \"w\"\nsubstitutions = { Own = \"https://sqs.x/1/own\" }\n\
                    [workflows.the-child]\ndefinition = \"c\"\n";
        let read_file = |path: &Path| {
            let child = path.ends_with("c");
            Ok(if child {
                "{}".to_owned()
            } else {
                definition.clone()
            })
        };
        let plan = rampmeter_config::aws::plan(text, Path::new("r.toml"), &|_| None, &read_file)
            .expect("a plan");
        Rights::of(&plan.config, &plan.config.workflows["w"])
    }

    fn send(parameters: &Value) -> Value {
        json!({ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": parameters })
    }

    #[test]
    fn queues_are_read_from_urls_substitutions_and_expressions() {
        for (parameters, queues) in [
            (
                json!({ "QueueUrl": "${NetSuiteHigh}" }),
                vec!["net-suite-high"],
            ),
            (
                json!({ "QueueUrl.$": "States.Format('${NetSuiteQueues}-{}', $.p)" }),
                vec!["net-suite-batch", "net-suite-high", "net-suite-medium"],
            ),
            (
                json!({ "QueueUrl": "{% '${NetSuiteQueues}-' & $states.input.p %}" }),
                vec!["net-suite-batch", "net-suite-high", "net-suite-medium"],
            ),
            (json!({ "QueueUrl": "${Own}" }), vec!["own"]),
            (
                json!({ "QueueUrl": "https://sqs.x/1/other" }),
                vec!["other"],
            ),
        ] {
            let rights = rights(&json!({ "A": send(&parameters), "B": send(&parameters) }));
            assert_eq!(
                Vec::from_iter(&rights.queues),
                queues.iter().collect::<Vec<_>>()
            );
            assert_eq!(rights.unknown, [], "{parameters}");
        }
    }

    #[test]
    fn what_comes_from_data_is_unknown() {
        let rights = rights(&json!({ "A": send(&json!({ "QueueUrl.$": "$.url" })) }));
        assert!(rights.queues.is_empty());
        assert_eq!(rights.unknown.len(), 1);
    }

    #[test]
    fn functions_and_executions_are_named() {
        let task = |resource: &str, parameters: Value| json!({ "Type": "Task", "Resource": resource, "Parameters": parameters });
        let rights = rights(&json!({
            "A": task("arn:aws:states:::lambda:invoke", json!({ "FunctionName": "price:live" })),
            "B": task("arn:aws:lambda:eu-west-1:123456789012:function:tax:3", json!({})),
            "C": task("arn:aws:states:::states:startExecution.sync:2", json!({ "StateMachineArn": "${TheChildArn}" })),
            "D": task("arn:aws:states:eu-west-1:1:activity:a", json!({})),
            "E": task("arn:aws:states:::aws-sdk:dynamodb:getItem", json!({})),
            "F": { "Type": "Map", "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED" }, "States": {} } },
        }));
        assert_eq!(
            Vec::from_iter(rights.functions),
            [
                "arn:aws:lambda:eu-west-1:123456789012:function:tax",
                "price"
            ]
        );
        assert_eq!(
            rights.machines,
            BTreeMap::from([("the-child".to_owned(), true)])
        );
        assert!(rights.map_run);
        assert_eq!(
            rights.unknown,
            [(
                "/States/E".to_owned(),
                "aws-sdk:dynamodb:getItem".to_owned()
            )]
        );
    }
}
