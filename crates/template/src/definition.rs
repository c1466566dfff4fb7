//! The states of a definition as it is written, in all depths, and what they ask of services.

use serde_json::{Map, Value};

/// One state of a definition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) name: &'a str,
    pub(crate) fields: &'a Map<String, Value>,
    /// Whether it runs once for each item of a Map state, within the same execution.
    pub(crate) in_map: bool,
}

/// A state with the JSON pointer to it.
pub(crate) type Placed<'a> = (String, State<'a>);

/// All states, those of branches and iterations among them. The depth of a definition is bounded: it was parsed.
pub(crate) fn states(definition: &Value) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    if let Value::Object(graph) = definition {
        collect(graph, "", false, &mut found);
    }
    found
}

fn collect<'a>(graph: &'a Map<String, Value>, at: &str, in_map: bool, found: &mut Vec<Placed<'a>>) {
    let states = graph.get("States").and_then(Value::as_object);
    for (name, state) in states.into_iter().flatten() {
        let Value::Object(fields) = state else {
            continue;
        };
        let place = format!("{at}/States/{}", name.replace('~', "~0").replace('/', "~1"));
        found.push((
            place.clone(),
            State {
                name,
                fields,
                in_map,
            },
        ));
        let branches = fields.get("Branches").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if let Value::Object(branch) = branch {
                collect(branch, &format!("{place}/Branches/{index}"), in_map, found);
            }
        }
        for field in ["ItemProcessor", "Iterator"] {
            if let Some(Value::Object(processor)) = fields.get(field) {
                // An iteration of a Distributed Map is an execution of its own.
                let mode = processor
                    .get("ProcessorConfig")
                    .and_then(|config| config["Mode"].as_str());
                let in_map = mode != Some("DISTRIBUTED");
                collect(processor, &format!("{place}/{field}"), in_map, found);
            }
        }
    }
}

/// An argument of a task: a text that stands in the definition, or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument<'a> {
    /// The text itself.
    Literal(&'a str),
    /// What it is made from, in either query language.
    Expression(&'a str),
}

impl<'a> State<'a> {
    /// The service and the action of a task, such as `sqs:sendMessage.waitForTaskToken`; the whole ARN of anything
    /// that is no integration.
    pub(crate) fn resource(&self) -> Option<&'a str> {
        let resource = self.fields.get("Resource")?.as_str()?;
        Some(
            resource
                .strip_prefix("arn:aws:states:::")
                .unwrap_or(resource),
        )
    }

    /// The arguments of a task.
    pub(crate) fn arguments(&self) -> Option<&'a Map<String, Value>> {
        ["Parameters", "Arguments"]
            .iter()
            .find_map(|field| self.fields.get(*field)?.as_object())
    }

    /// The body of the message that a task sends.
    pub(crate) fn message_body(&self) -> Option<&'a Map<String, Value>> {
        self.arguments()?.get("MessageBody")?.as_object()
    }

    /// Whether the state drops a call into a target's queue: a message with a method and a path or an endpoint.
    pub(crate) fn is_call(&self) -> bool {
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
    pub(crate) fn awaits_token(&self) -> bool {
        self.resource()
            .is_some_and(|resource| resource.ends_with(".waitForTaskToken"))
    }
}

/// A member of a task's arguments in either query language.
pub(crate) fn argument<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<Argument<'a>> {
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
            .map(|(place, state)| (place, state.in_map))
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
