//! How the Query protocol spells the members of SQS's requests. SQS uses each spelling for one member whatever the
//! operation, so one table serves all of them; a handler ignores the members it does not know.

use serde_json::{Map, Value, json};

use super::Form;
use crate::protocol::error::WireError;

const TEXTS: &[&str] = &[
    "DestinationArn",
    "Label",
    "MessageBody",
    "MessageDeduplicationId",
    "MessageGroupId",
    "NextToken",
    "QueueName",
    "QueueNamePrefix",
    "QueueOwnerAWSAccountId",
    "QueueUrl",
    "ReceiptHandle",
    "ReceiveRequestAttemptId",
    "SourceArn",
    "TaskHandle",
];

const NUMBERS: &[&str] = &[
    "DelaySeconds",
    "MaxNumberOfMessages",
    "MaxNumberOfMessagesPerSecond",
    "MaxResults",
    "VisibilityTimeout",
    "WaitTimeSeconds",
];

/// `SPELLING.N`, or `SPELLING` alone: a list of texts. Below, too, the number of a single element may be left out.
const LISTS: &[(&str, &str)] = &[
    ("AWSAccountId", "AWSAccountIds"),
    ("ActionName", "Actions"),
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
];

/// `SPELLING.N.KEY` and `SPELLING.N.Value`: texts by name.
const MAPS: &[(&str, &str, &str)] = &[("Attribute", "Name", "Attributes"), ("Tag", "Key", "Tags")];

/// `SPELLING.N.Name` and `SPELLING.N.Value.…`: attributes of a message.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("MessageAttribute", "MessageAttributes"),
    ("MessageSystemAttribute", "MessageSystemAttributes"),
];

/// `SPELLING.N.…`: the entries of a batch.
const ENTRIES: &[&str] = &[
    "ChangeMessageVisibilityBatchRequestEntry",
    "DeleteMessageBatchRequestEntry",
    "SendMessageBatchRequestEntry",
];

/// The parameters of a form as AWS JSON has them.
///
/// # Errors
/// `InvalidParameterValue` for a number that is not one.
pub(crate) fn to_json(form: &Form) -> Result<Value, WireError> {
    let mut request = members(form, "")?;
    for spelling in ENTRIES {
        let elements = form.elements(spelling);
        if elements.is_empty() {
            continue;
        }
        let mut entries = Vec::with_capacity(elements.len());
        for element in elements {
            let prefix = format!("{element}.");
            let mut entry = members(form, &prefix)?;
            if let Some(id) = form.get(&format!("{prefix}Id")) {
                entry.insert("Id".to_owned(), Value::from(id));
            }
            entries.push(Value::Object(entry));
        }
        request.insert("Entries".to_owned(), Value::from(entries));
    }
    Ok(Value::Object(request))
}

/// The members whose names begin with `prefix`.
fn members(form: &Form, prefix: &str) -> Result<Map<String, Value>, WireError> {
    let get = |name: &str| form.get(&format!("{prefix}{name}"));
    let mut members = Map::new();
    for name in TEXTS {
        if let Some(text) = get(name) {
            members.insert((*name).to_owned(), Value::from(text));
        }
    }
    for name in NUMBERS {
        if let Some(text) = get(name) {
            let number: i64 = text.parse().map_err(|_| not_a_number(name, text))?;
            members.insert((*name).to_owned(), Value::from(number));
        }
    }
    for (spelling, member) in LISTS {
        let elements = form.elements(&format!("{prefix}{spelling}"));
        let texts: Vec<&str> = elements.iter().filter_map(|name| form.get(name)).collect();
        if !texts.is_empty() {
            members.insert((*member).to_owned(), json!(texts));
        }
    }
    for (spelling, key, member) in MAPS {
        let map: Map<String, Value> = form
            .elements(&format!("{prefix}{spelling}"))
            .iter()
            .filter_map(|element| {
                let name = form.get(&format!("{element}.{key}"))?;
                let value = form.get(&format!("{element}.Value")).unwrap_or_default();
                Some((name.to_owned(), Value::from(value)))
            })
            .collect();
        if !map.is_empty() {
            members.insert((*member).to_owned(), Value::Object(map));
        }
    }
    for (spelling, member) in ATTRIBUTES {
        let map: Map<String, Value> = form
            .elements(&format!("{prefix}{spelling}"))
            .iter()
            .filter_map(|element| {
                let name = form.get(&format!("{element}.Name"))?;
                let value: Map<String, Value> = ["DataType", "StringValue", "BinaryValue"]
                    .into_iter()
                    .filter_map(|part| {
                        let text = form.get(&format!("{element}.Value.{part}"))?;
                        Some((part.to_owned(), Value::from(text)))
                    })
                    .collect();
                Some((name.to_owned(), Value::Object(value)))
            })
            .collect();
        if !map.is_empty() {
            members.insert((*member).to_owned(), Value::Object(map));
        }
    }
    Ok(members)
}

fn not_a_number(name: &str, text: &str) -> WireError {
    let text: String = text.chars().take(100).collect();
    WireError::new(
        "InvalidParameterValueException",
        format!("Value {text} for parameter {name} is invalid. Reason: Must be an integer."),
    )
    .with_query_code("InvalidParameterValue")
}
