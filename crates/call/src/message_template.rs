//! A call message as a definition writes it, in either query language: what can be said about it before there is any data.
//! Members that are computed are assumed to be right; the rest is checked like a message. Pure.

use serde_json::{Map, Value, json};

use crate::message::{CallMessage, Reason};
use crate::request::Account;

/// What is wrong with a message in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// The member it is about, as the definition names it; none if it is about the whole message.
    pub member: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: Option<String>,
}

/// The query language of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A member whose name ends with `.$` is computed.
    JsonPath,
    /// A text between `{%` and `%}` is computed.
    Jsonata,
}

/// What is wrong with a message to this account, if anything is. `awaits_token`: the state waits for its task token.
#[must_use]
pub fn template_fault(
    body: &Map<String, Value>,
    language: Language,
    awaits_token: bool,
    account: &Account,
) -> Option<TemplateFault> {
    if let Some(fault) = forgotten_expression(body, language) {
        return Some(fault);
    }
    let members: Map<String, Value> = body
        .iter()
        .map(|(name, value)| stand_in(name, value, language, account))
        .collect();
    if awaits_token && !members.contains_key("TaskToken") {
        let line = match language {
            Language::JsonPath => r#""TaskToken.$": "$$.Task.Token""#,
            Language::Jsonata => r#""TaskToken": "{% $states.context.Task.Token %}""#,
        };
        return Some(TemplateFault {
            member: None,
            message: "the state waits for its task token, and the message does not carry it: nobody could answer"
                .to_owned(),
            help: Some(format!("add {line}")),
        });
    }
    let refused = CallMessage::from_value(&Value::Object(members), account).err()?;
    let reason = refused.reason();
    let member = field_of(reason).and_then(|field| written(body, field, language));
    Some(TemplateFault {
        member,
        message: reason.to_string(),
        help: help_for(reason, language),
    })
}

/// A text that was meant to be computed and would be sent as it is.
fn forgotten_expression(body: &Map<String, Value>, language: Language) -> Option<TemplateFault> {
    body.iter().find_map(|(name, value)| {
        let text = value.as_str()?;
        let is_expression = ["$.", "$$.", "$states.", "States."]
            .iter()
            .any(|start| text.starts_with(start));
        if !is_expression || is_computed(name, value, language) || name == "ResponseSelector" {
            return None;
        }
        let help = match language {
            Language::JsonPath => format!("write \"{name}.$\""),
            Language::Jsonata => format!("write \"{{% {text} %}}\""),
        };
        Some(TemplateFault {
            member: Some(name.clone()),
            message: format!("{name} is sent as it stands, and not what it leads to"),
            help: Some(help),
        })
    })
}

fn is_computed(name: &str, value: &Value, language: Language) -> bool {
    match language {
        Language::JsonPath => name.ends_with(".$"),
        Language::Jsonata => value
            .as_str()
            .is_some_and(|text| text.trim_start().starts_with("{%")),
    }
}

fn bare(name: &str, language: Language) -> &str {
    match language {
        Language::JsonPath => name.strip_suffix(".$").unwrap_or(name),
        Language::Jsonata => name,
    }
}

/// A member, with a valid value wherever its own is not known.
fn stand_in(name: &str, value: &Value, language: Language, account: &Account) -> (String, Value) {
    let member = bare(name, language);
    let value = match (member, is_computed(name, value, language)) {
        // A computed endpoint is one of the target's; without one, the message is valid.
        ("RequestBody", _) | ("Endpoint", true) => Value::Null,
        ("Headers" | "QueryParameters", true) => json!({}),
        ("Headers" | "QueryParameters", false) => pairs(value, language),
        ("Method", true) => json!("POST"),
        ("Path", true) => json!("/"),
        ("ApiEndpoint", true) => json!(account.base_url.as_str()),
        (_, true) => json!("x"),
        (_, false) => value.clone(),
    };
    (member.to_owned(), value)
}

fn pairs(value: &Value, language: Language) -> Value {
    let Value::Object(pairs) = value else {
        return value.clone();
    };
    let one = |(name, value): (&String, &Value)| {
        let value = if is_computed(name, value, language) {
            json!("x")
        } else {
            match value {
                Value::Array(items) => items
                    .iter()
                    .map(|item| {
                        if is_computed("", item, language) {
                            json!("x")
                        } else {
                            item.clone()
                        }
                    })
                    .collect(),
                other => other.clone(),
            }
        };
        (bare(name, language).to_owned(), value)
    };
    Value::Object(pairs.iter().map(one).collect())
}

/// The member that a reason is about.
fn field_of(reason: &Reason) -> Option<&str> {
    match reason {
        Reason::WrongType { field, .. } => Some(field),
        Reason::UnknownField { field, .. } => Some(field),
        Reason::NotFromMessage(field) | Reason::BadKey(field) => Some(field),
        Reason::PathAndEndpoint | Reason::BadPath(_) => Some("Path"),
        Reason::AnotherHost { .. } | Reason::EndpointTwice => Some("ApiEndpoint"),
        Reason::UnknownEndpoint { .. } => Some("Endpoint"),
        Reason::BadMethod => Some("Method"),
        Reason::BadHeader(_) => Some("Headers"),
        _ => None,
    }
}

/// The name of a member as the definition writes it.
fn written(body: &Map<String, Value>, field: &str, language: Language) -> Option<String> {
    let mut names = body.keys();
    names.find(|name| bare(name, language) == field).cloned()
}

fn help_for(reason: &Reason, language: Language) -> Option<String> {
    match (reason, language) {
        (Reason::MissingField("Path"), Language::JsonPath) => {
            Some("add \"Path\": \"/...\", or \"Path.$\" with a path into the data".to_owned())
        }
        (Reason::MissingField(field), _) => Some(format!("add \"{field}\"")),
        (Reason::NotFromMessage(_), _) => Some("leave it out".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn told(body: &Value, language: Language) -> Option<(Option<String>, String)> {
        let account = Account::new("v", Url::parse("https://vendor.test").unwrap());
        let body = body.as_object().expect("a message");
        template_fault(body, language, true, &account).map(|fault| (fault.member, fault.message))
    }

    fn message(fields: &Value) -> Value {
        let mut body = json!({"TaskToken.$": "$$.Task.Token", "Method": "POST", "Path": "/orders"});
        for (name, value) in fields.as_object().expect("fields") {
            body[name] = value.clone();
        }
        body
    }

    #[test]
    fn a_good_message_has_no_fault_whatever_is_computed() {
        for fields in [
            json!({}),
            json!({"Key.$": "$.n", "RequestBody.$": "$", "Headers": {"X-A.$": "$.a", "X-B": ["1", 2]}}),
            json!({"QueryParameters.$": "$.q", "ResponseSelector": "$.id"}),
        ] {
            assert_eq!(
                told(&message(&fields), Language::JsonPath),
                None,
                "{fields}"
            );
        }
        let jsonata = json!({"TaskToken": "{% $states.context.Task.Token %}", "Method": "{% $m %}",
            "ApiEndpoint": "{% $e %}", "Headers": {"X-A": "{% $a %}"}, "RequestBody": "{% $states.input %}"});
        assert_eq!(told(&jsonata, Language::Jsonata), None);
    }

    #[test]
    fn what_a_message_could_never_be_is_told_with_its_member() {
        for (fields, member, part) in [
            (json!({"Pth": "/x"}), Some("Pth"), "did you mean Path?"),
            (
                json!({"RequestBdy.$": "$"}),
                Some("RequestBdy.$"),
                "did you mean RequestBody?",
            ),
            (
                json!({"Method": "SEND"}),
                Some("Method"),
                "Method must be one of",
            ),
            (json!({"Path": "orders"}), Some("Path"), "Path is refused"),
            (
                json!({"Headers": {"Authorization.$": "$.a"}}),
                Some("Headers"),
                "Headers is refused",
            ),
            (json!({"Headers": "a"}), Some("Headers"), "Headers must be"),
            (
                json!({"Authentication": {}}),
                Some("Authentication"),
                "not taken from a message",
            ),
            (
                json!({"ApiEndpoint": "https://other.test/x"}),
                Some("Path"),
                "both Path and ApiEndpoint",
            ),
            (json!({"Key": ""}), Some("Key"), "Key must be"),
            (
                json!({"Key": "$.orderNumber"}),
                Some("Key"),
                "sent as it stands",
            ),
        ] {
            let (at, words) = told(&message(&fields), Language::JsonPath).expect("a fault");
            assert_eq!(at.as_deref(), member, "{words}");
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn what_is_missing_is_told_of_the_whole_message() {
        for (body, part) in [
            (
                json!({"TaskToken.$": "$$.Task.Token", "Method": "GET"}),
                "no Path",
            ),
            (
                json!({"TaskToken.$": "$$.Task.Token", "Path": "/"}),
                "no Method",
            ),
            (json!({"Method": "GET", "Path": "/"}), "task token"),
        ] {
            let (member, words) = told(&body, Language::JsonPath).expect("a fault");
            assert_eq!(member, None);
            assert!(words.contains(part), "{words}");
        }
    }
}
