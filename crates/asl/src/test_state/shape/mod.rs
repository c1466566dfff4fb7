//! What TestState compares a mock with: the shape of the service's response, as far as this host knows the service
//! (`model`). AWS compares a mock with the shapes of all services; here a mock of an unknown service is accepted.

mod model;

use serde_json::{Map, Value};

use model::{Member, Service, Shape};

/// How much of a mock is compared with the shape of the service (`fieldValidationMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Required members must be there, and what is there must be of the right type.
    #[default]
    Strict,
    /// What is there must be of the right type.
    Present,
    /// Nothing is compared.
    None,
}

/// Why `result` cannot be a response of the service that `resource` names. None if this host does
/// not know the service, or if the result comes from whoever holds the task token.
pub(super) fn fault(resource: &str, result: &Value, mode: FieldValidation) -> Option<String> {
    let (_, action) = resource.split_once(":states:::")?;
    let is_strict = match mode {
        FieldValidation::Strict => true,
        FieldValidation::Present => false,
        FieldValidation::None => return None,
    };
    let (spelling, operation) = match action {
        // A job is asked for its state, so the response is that of the query.
        "states:startExecution.sync" | "states:startExecution.sync:2" => {
            ("states.sync", "startExecution")
        }
        _ => action.rsplit_once(':')?,
    };
    let service = model::service(spelling)?;
    let members = service.answer(operation)?;
    let Value::Object(fields) = result else {
        return Some("Mock result must be an object".to_owned());
    };
    let comparison = Comparison { service, is_strict };
    comparison.members(members, fields)
}

/// How a mock is compared with the shapes of a service.
struct Comparison {
    service: &'static Service,
    /// Whether what is always sent must be there.
    is_strict: bool,
}

impl Comparison {
    /// Missing members come before those of another type. A member that the service does not have is not a
    /// fault.
    fn members(&self, members: &[Member], fields: &Map<String, Value>) -> Option<String> {
        let missing = members
            .iter()
            .find(|member| member.is_required && !fields.contains_key(member.name));
        if let Some(missing) = missing.filter(|_| self.is_strict) {
            return Some(format!("Required field '{}' is missing", missing.name));
        }
        members.iter().find_map(|member| {
            let value = fields.get(member.name)?;
            self.value(member.name, member.kind, value)
        })
    }

    fn value(&self, name: &str, kind: &str, value: &Value) -> Option<String> {
        let of_items = |open, close| kind.strip_prefix(open)?.strip_suffix(close);
        let wanted = match (kind, value) {
            ("any", _)
            | ("text", Value::String(_))
            | ("number", Value::Number(_))
            | ("boolean", Value::Bool(_)) => return None,
            ("text", _) => "a string",
            ("number", _) => "a number",
            ("boolean", _) => "a boolean",
            _ => {
                if let Some(kind) = of_items('[', ']') {
                    let Value::Array(items) = value else {
                        return Some(format!("Field '{name}' must be an array"));
                    };
                    return items.iter().find_map(|item| self.value(name, kind, item));
                }
                if let Some(kind) = of_items('{', '}') {
                    let Value::Object(fields) = value else {
                        return Some(format!("Field '{name}' must be an object"));
                    };
                    return fields
                        .values()
                        .find_map(|item| self.value(name, kind, item));
                }
                return self.shape(name, self.service.shape(kind)?, value);
            }
        };
        Some(format!("Field '{name}' must be {wanted}"))
    }

    fn shape(&self, name: &str, shape: &Shape, value: &Value) -> Option<String> {
        match (shape, value) {
            (Shape::Members(members), Value::Object(fields)) => self.members(members, fields),
            (Shape::Members(_), _) => Some(format!("Field '{name}' must be an object")),
            (Shape::OneOf(values), Value::String(text)) if values.contains(&text.as_str()) => None,
            (Shape::OneOf(_), Value::String(_)) => {
                Some(format!("Field '{name}' is not an expected value"))
            }
            (Shape::OneOf(_), _) => Some(format!("Field '{name}' must be a string")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const START: &str = "arn:aws:states:::states:startExecution";

    #[test]
    fn a_strict_mock_has_every_required_member_and_no_member_of_another_type() {
        let mode = FieldValidation::Strict;
        let good = json!({ "ExecutionArn": "arn", "StartDate": "now", "SdkHttpMetadata": {} });
        assert_eq!(fault(START, &good, mode), None);
        for (mock, why) in [
            (json!({}), "Required field 'ExecutionArn' is missing"),
            (
                json!({ "ExecutionArn": "arn", "StartDate": true }),
                "Field 'StartDate' must be a string",
            ),
            (json!([]), "Mock result must be an object"),
        ] {
            assert_eq!(fault(START, &mock, mode).as_deref(), Some(why));
        }
    }

    #[test]
    fn a_looser_mode_compares_less() {
        let wrong = json!({ "StartDate": true });
        let why = fault(START, &wrong, FieldValidation::Present);
        assert_eq!(why.as_deref(), Some("Field 'StartDate' must be a string"));
        assert_eq!(fault(START, &json!({}), FieldValidation::Present), None);
        assert_eq!(fault(START, &wrong, FieldValidation::None), None);
    }

    #[test]
    fn members_of_members_are_compared_too() {
        let events = "arn:aws:states:::events:putEvents";
        let of = |mock: Value| fault(events, &mock, FieldValidation::Strict);
        assert_eq!(of(json!({ "Entries": [{ "EventId": "1" }] })), None);
        let wrong = of(json!({ "Entries": [{ "EventId": 1 }] }));
        assert_eq!(wrong.as_deref(), Some("Field 'EventId' must be a string"));
        let wrong = of(json!({ "Entries": [1] }));
        assert_eq!(wrong.as_deref(), Some("Field 'Entries' must be an object"));
    }

    #[test]
    fn an_answer_to_a_task_token_has_no_shape() {
        let resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";
        let answer = json!([1]);
        assert_eq!(fault(resource, &answer, FieldValidation::Strict), None);
        let unknown = "arn:aws:states:::glue:startJobRun.sync";
        assert_eq!(fault(unknown, &answer, FieldValidation::Strict), None);
        let unknown = "arn:aws:states:::aws-sdk:nosuch:startJobRun";
        assert_eq!(fault(unknown, &answer, FieldValidation::Strict), None);
    }

    #[test]
    fn values_of_items_are_compared_as_deep_as_they_go() {
        let get = "arn:aws:states:::dynamodb:getItem";
        let of = |item: Value| fault(get, &json!({ "Item": item }), FieldValidation::Strict);
        assert_eq!(
            of(json!({ "id": { "S": "1", "L": [{ "BOOL": true }] } })),
            None
        );
        let wrong = of(json!({ "id": { "N": 1 } }));
        assert_eq!(wrong.as_deref(), Some("Field 'N' must be a string"));
        let wrong = of(json!({ "id": { "L": [{ "BOOL": "true" }] } }));
        assert_eq!(wrong.as_deref(), Some("Field 'BOOL' must be a boolean"));
    }

    #[test]
    fn an_enumeration_has_the_values_that_the_service_names() {
        let describe = "arn:aws:states:::aws-sdk:sfn:describeExecution";
        let of = |status: Value| {
            fault(
                describe,
                &json!({ "Status": status }),
                FieldValidation::Present,
            )
        };
        assert_eq!(of(json!("RUNNING")), None);
        let wrong = of(json!("WALKING"));
        assert_eq!(
            wrong.as_deref(),
            Some("Field 'Status' is not an expected value")
        );
        assert_eq!(
            of(json!(7)).as_deref(),
            Some("Field 'Status' must be a string")
        );
    }

    #[test]
    fn what_a_function_returned_has_no_shape() {
        let invoke = "arn:aws:states:::lambda:invoke";
        for payload in [json!("text"), json!([1]), json!({ "a": null })] {
            let answer = json!({ "Payload": payload, "StatusCode": 200 });
            assert_eq!(fault(invoke, &answer, FieldValidation::Strict), None);
        }
    }

    #[test]
    fn the_output_of_an_awaited_execution_is_json_or_a_text() {
        for (version, output) in [("sync", json!("{}")), ("sync:2", json!({ "a": 1 }))] {
            let resource = format!("{START}.{version}");
            let of = |answer: &Value| fault(&resource, answer, FieldValidation::Strict);
            let mut answer = json!({ "ExecutionArn": "e", "StateMachineArn": "m",
                "Status": "SUCCEEDED", "StartDate": "now", "Output": output });
            assert_eq!(of(&answer), None, "{version}");
            answer["Status"] = json!(1);
            let why = of(&answer);
            assert_eq!(why.as_deref(), Some("Field 'Status' must be a string"));
        }
    }
}
