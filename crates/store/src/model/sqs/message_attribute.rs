//! Message attributes: a name, a data type and a value, and SQS's rules for them.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::model::rejected::Rejected;

/// The maximum of attributes in one message.
const MAX_ATTRIBUTES: usize = 10;

/// The one system attribute that a sender may give.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// The maximum length of an attribute's name.
const MAX_NAME_CHARS: usize = 256;

/// The attributes of one message, in the order of their names.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// One attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, optionally with a suffix of the sender's own after a dot.
    pub data_type: String,
    /// The value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// The value of a String or a Number.
    Text(String),
    /// The value of a Binary. In the store it is base64.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    Binary(Vec<u8>),
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

impl MessageAttribute {
    fn value_length(&self) -> usize {
        match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        }
    }
}

impl MessageAttribute {
    /// Reads an attribute as AWS JSON writes it. A missing value, or one of the wrong kind, counts as empty, which SQS
    /// refuses.
    ///
    /// # Errors
    /// `InvalidParameter` if it is not an object, or its binary value is not base64.
    pub fn from_json(name: &str, value: &Value) -> Result<MessageAttribute, Rejected> {
        let member = |member: &str| {
            value
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let data_type = member("DataType").to_owned();
        let value = if data_type.split('.').next() == Some("Binary") {
            let bytes = STANDARD.decode(member("BinaryValue")).map_err(|_| {
                Rejected::InvalidParameter(format!(
                    "The value of message (user) attribute '{name}' is not base64."
                ))
            })?;
            AttributeValue::Binary(bytes)
        } else {
            AttributeValue::Text(member("StringValue").to_owned())
        };
        Ok(MessageAttribute { data_type, value })
    }

    /// The attribute as AWS JSON writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            AttributeValue::Text(text) => {
                json!({ "StringValue": text, "DataType": self.data_type })
            }
            AttributeValue::Binary(bytes) => {
                json!({ "BinaryValue": STANDARD.encode(bytes), "DataType": self.data_type })
            }
        }
    }
}

/// The attributes in an object of AWS JSON; none if there is no object.
pub fn read(attributes: Option<&Value>) -> Result<MessageAttributes, Rejected> {
    let Some(attributes) = attributes.and_then(Value::as_object) else {
        return Ok(MessageAttributes::new());
    };
    attributes
        .iter()
        .map(|(name, value)| Ok((name.clone(), MessageAttribute::from_json(name, value)?)))
        .collect()
}

/// What the attributes add to the size of their message: names, data types and values.
pub fn length(attributes: &MessageAttributes) -> usize {
    attributes
        .iter()
        .map(|(name, attribute)| name.len() + attribute.data_type.len() + attribute.value_length())
        .sum()
}

/// SQS's rules for the attributes of one message.
pub fn check(attributes: &MessageAttributes) -> Result<(), Rejected> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(Rejected::InvalidParameter(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
            attributes.len()
        )));
    }
    for (name, attribute) in attributes {
        check_name(name)?;
        check_type(name, attribute)?;
    }
    Ok(())
}

/// SQS's rules for system attributes: only one exists, and it is a String.
pub fn check_system(attributes: &MessageAttributes) -> Result<(), Rejected> {
    for (name, attribute) in attributes {
        if name != TRACE_HEADER {
            return Err(Rejected::InvalidParameter(format!(
                "Message system attribute name '{name}' is invalid."
            )));
        }
        if attribute.data_type != "String" {
            return Err(Rejected::InvalidParameter(
                "The data type of message system attribute 'AWSTraceHeader' must be 'String'."
                    .to_owned(),
            ));
        }
        check_type(name, attribute)?;
    }
    Ok(())
}

/// The system attributes of a message whose request belongs to this trace.
pub fn with_trace(
    mut attributes: MessageAttributes,
    trace_header: Option<String>,
) -> MessageAttributes {
    if let Some(header) = trace_header {
        let attribute = || MessageAttribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(header),
        };
        let name = TRACE_HEADER.to_owned();
        attributes.entry(name).or_insert_with(attribute);
    }
    attributes
}

fn check_name(name: &str) -> Result<(), Rejected> {
    let invalid = |reason: &str| Err(Rejected::InvalidParameter(reason.to_owned()));
    if name.is_empty() || name.len() > MAX_NAME_CHARS {
        return invalid("Length of message attribute name must be from 1 to 256 bytes.");
    }
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || b"_-.".contains(&letter);
    if !name.bytes().all(allowed) {
        return invalid(
            "Message (user) attribute name can only contain alphanumeric characters, hyphens, underscores and periods.",
        );
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return invalid(
            "You can not use message attribute name that starts or ends with a period, or has successive periods.",
        );
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return invalid(
            "You can not use message attribute names that start with AWS. or Amazon., which are reserved.",
        );
    }
    Ok(())
}

fn check_type(name: &str, attribute: &MessageAttribute) -> Result<(), Rejected> {
    let invalid = |reason: String| Err(Rejected::InvalidParameter(reason));
    let data_type = attribute.data_type.as_str();
    let kind = data_type.split('.').next().unwrap_or_default();
    if data_type.is_empty() {
        return invalid(format!(
            "The message attribute '{name}' must contain a non-empty message attribute type."
        ));
    }
    if !["String", "Number", "Binary"].contains(&kind) || data_type.len() > MAX_NAME_CHARS {
        return invalid(format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
        ));
    }
    let fits = matches!(
        (&attribute.value, kind),
        (AttributeValue::Text(_), "String" | "Number") | (AttributeValue::Binary(_), "Binary")
    );
    if !fits || attribute.value_length() == 0 {
        return invalid(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        ));
    }
    match &attribute.value {
        AttributeValue::Text(text) if kind == "Number" && !is_number(text) => invalid(format!(
            "Can't cast the value of message (user) attribute '{name}' to a number."
        )),
        _ => Ok(()),
    }
}

/// Whether the text is a decimal number of at most 38 digits, with an optional exponent.
fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = |letter: u8| letter.is_ascii_digit() || b"+-.eE".contains(&letter);
    digits <= 38 && text.bytes().all(plain) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, data_type: &str, value: &str) -> MessageAttributes {
        let value = AttributeValue::Text(value.to_owned());
        let data_type = data_type.to_owned();
        MessageAttributes::from([(name.to_owned(), MessageAttribute { data_type, value })])
    }

    #[test]
    fn attributes_have_names_types_and_values_as_sqs_takes_them() {
        for good in [
            one("a", "String", "x"),
            one("a.b-c_d", "Number.int", "-12.5e3"),
            one("a", "String.json", "{}"),
        ] {
            assert_eq!(check(&good), Ok(()), "{good:?}");
        }
        for bad in [
            one("", "String", "x"),
            one(".a", "String", "x"),
            one("a..b", "String", "x"),
            one("aws.a", "String", "x"),
            one("a b", "String", "x"),
            one("a", "", "x"),
            one("a", "Boolean", "x"),
            one("a", "String", ""),
            one("a", "Number", "many"),
            one("a", "Number", &"1".repeat(39)),
            one("a", "Binary", "x"),
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_attributes_count_towards_the_size_of_their_message() {
        assert_eq!(length(&one("name", "String", "value")), 4 + 6 + 5);
    }

    #[test]
    fn a_binary_value_comes_back_from_the_store_as_it_was() {
        let attribute = MessageAttribute {
            data_type: "Binary".to_owned(),
            value: AttributeValue::Binary(vec![0, 255, 7]),
        };
        let text = serde_json::to_string(&attribute).unwrap();
        assert_eq!(
            serde_json::from_str::<MessageAttribute>(&text).unwrap(),
            attribute
        );
    }
}
