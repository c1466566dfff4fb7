//! CloudFormation's functions, in their long form.

use serde_json::{Value, json};

/// A reference to a resource or a parameter.
pub(crate) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// An attribute of a resource.
pub(crate) fn attribute(id: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [id, name] })
}

/// A text in which `${Name}` stands for a resource, a parameter or a pseudo parameter.
pub(crate) fn sub(text: impl Into<String>) -> Value {
    json!({ "Fn::Sub": text.into() })
}

/// The ARN of something in the account and region of the stack, by its name, for use where an attribute would make a
/// circular reference.
pub(crate) fn arn(service: &str, resource: &str) -> Value {
    sub(format!(
        "arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"
    ))
}

/// One of two values, by a condition.
pub(crate) fn either(condition: &str, then: Value, otherwise: Value) -> Value {
    let arguments = Value::Array(vec![condition.into(), then, otherwise]);
    Value::from_iter([("Fn::If", arguments)])
}
