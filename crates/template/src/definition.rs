//! The states of a definition as written, at every depth, and what they ask of services.

use rampmeter_call::{KeyScope, Language};
use serde_json::{Map, Value};

use crate::transitions::in_loops;

/// One state of a definition.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its fields, as they are written.
    pub fields: &'a Map<String, Value>,
    /// How often one execution can enter it.
    pub scope: KeyScope,
    /// Its query language.
    pub language: Language,
}

/// A state with the JSON pointer to it.
pub type Placed<'a> = (String, State<'a>);

/// All states, including those of branches and iterations. Recursive; the parser has bounded the depth of a definition.
#[must_use]
pub fn states(definition: &Value) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    if let Value::Object(graph) = definition {
        let around = Around {
            scope: KeyScope::default(),
            language: language(graph).unwrap_or(Language::JsonPath),
        };
        collect(graph, "", around, &mut found);
    }
    found
}

/// What a graph inherits from its surroundings.
#[derive(Clone, Copy)]
struct Around {
    scope: KeyScope,
    language: Language,
}

fn language(fields: &Map<String, Value>) -> Option<Language> {
    match fields.get("QueryLanguage")?.as_str()? {
        "JSONata" => Some(Language::Jsonata),
        _ => Some(Language::JsonPath),
    }
}

fn collect<'a>(
    graph: &'a Map<String, Value>,
    at: &str,
    around: Around,
    found: &mut Vec<Placed<'a>>,
) {
    let Some(Value::Object(states)) = graph.get("States") else {
        return;
    };
    let looped = in_loops(states);
    for (name, state) in states {
        let Value::Object(fields) = state else {
            continue;
        };
        let place = format!("{at}/States/{}", name.replace('~', "~0").replace('/', "~1"));
        let scope = KeyScope {
            in_loop: around.scope.in_loop || looped.contains(name.as_str()),
            ..around.scope
        };
        let around = Around { scope, ..around };
        found.push((
            place.clone(),
            State {
                name,
                fields,
                scope,
                language: language(fields).unwrap_or(around.language),
            },
        ));
        let branches = fields.get("Branches").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if let Value::Object(branch) = branch {
                collect(branch, &format!("{place}/Branches/{index}"), around, found);
            }
        }
        for field in ["ItemProcessor", "Iterator"] {
            if let Some(Value::Object(processor)) = fields.get(field) {
                // An iteration of a Distributed Map is an execution of its own.
                let mode = processor
                    .get("ProcessorConfig")
                    .and_then(|config| config["Mode"].as_str());
                let scope = match mode {
                    Some("DISTRIBUTED") => KeyScope::default(),
                    _ => KeyScope {
                        maps: scope.maps + 1,
                        ..scope
                    },
                };
                let around = Around { scope, ..around };
                collect(processor, &format!("{place}/{field}"), around, found);
            }
        }
    }
}

/// An argument of a task: a literal text, or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument<'a> {
    /// The text itself.
    Literal(&'a str),
    /// The expression, in either query language.
    Expression(&'a str),
}

impl<'a> State<'a> {
    /// The service and the action of a task, such as `sqs:sendMessage.waitForTaskToken`; the whole ARN of anything that
    /// is not an integration.
    #[must_use]
    pub fn resource(&self) -> Option<&'a str> {
        let resource = self.fields.get("Resource")?.as_str()?;
        Some(
            resource
                .strip_prefix("arn:aws:states:::")
                .unwrap_or(resource),
        )
    }

    /// The arguments of a task.
    #[must_use]
    pub fn arguments(&self) -> Option<&'a Map<String, Value>> {
        ["Parameters", "Arguments"]
            .iter()
            .find_map(|field| self.fields.get(*field)?.as_object())
    }

    /// The body of the message that a task sends.
    #[must_use]
    pub fn message_body(&self) -> Option<&'a Map<String, Value>> {
        self.arguments()?.get("MessageBody")?.as_object()
    }

    /// Whether the state sends a call to a target's queue: a message with a method and a path or an endpoint.
    #[must_use]
    pub fn is_call(&self) -> bool {
        let sends = self.resource().is_some_and(|resource| {
            resource.starts_with("sqs:sendMessage")
                || resource.starts_with("aws-sdk:sqs:sendMessage")
        });
        let has = |body: &Map<String, Value>, name: &str| argument(body, name).is_some();
        sends
            && self.message_body().is_some_and(|body| {
                has(body, "Method") && (has(body, "Path") || has(body, "ApiEndpoint"))
            })
    }

    /// Whether the state waits for its task token.
    #[must_use]
    pub fn awaits_token(&self) -> bool {
        self.resource()
            .is_some_and(|resource| resource.ends_with(".waitForTaskToken"))
    }
}

/// A member of a task's arguments in either query language.
#[must_use]
pub fn argument<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<Argument<'a>> {
    if let Some(Value::String(text)) = arguments.get(&format!("{name}.$")) {
        return Some(Argument::Expression(text));
    }
    match arguments.get(name)? {
        Value::String(text) if text.trim_start().starts_with("{%") => {
            Some(Argument::Expression(text))
        }
        Value::String(text) => Some(Argument::Literal(text)),
        _ => Some(Argument::Literal("")),
    }
}

/// The names of the substitutions in a text.
pub(crate) fn substitutions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name.then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_are_found_in_every_depth() {
        let task = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke" });
        let inner = json!({ "States": { "B/1": task } });
        let definition = json!({ "States": {
            "A": { "Type": "Map", "ItemProcessor": inner },
            "C": { "Type": "Parallel", "Branches": [{ "States": { "D": task } }] },
        } });
        let found: Vec<_> = states(&definition)
            .into_iter()
            .map(|(place, state)| (place, state.scope.maps > 0))
            .collect();
        assert_eq!(
            found,
            [
                ("/States/A".to_owned(), false),
                ("/States/A/ItemProcessor/States/B~11".to_owned(), true),
                ("/States/C".to_owned(), false),
                ("/States/C/Branches/0/States/D".to_owned(), false),
            ]
        );
    }

    #[test]
    fn arguments_are_read_in_both_query_languages() {
        let arguments = json!({ "A.$": "$.a", "B": "{% $states.input %}", "C": "c", "D": 1 });
        let arguments = arguments.as_object().expect("an object");
        assert_eq!(argument(arguments, "A"), Some(Argument::Expression("$.a")));
        assert!(matches!(
            argument(arguments, "B"),
            Some(Argument::Expression(_))
        ));
        assert_eq!(argument(arguments, "C"), Some(Argument::Literal("c")));
        assert_eq!(argument(arguments, "D"), Some(Argument::Literal("")));
        assert_eq!(argument(arguments, "E"), None);
    }

    #[test]
    fn substitutions_are_named_once_for_each_place() {
        let text = "States.Format('${NetsuiteQueues}-{}${A}', $.p) ${ ${b c}";
        assert_eq!(Vec::from_iter(substitutions(text)), ["NetsuiteQueues", "A"]);
    }
}
