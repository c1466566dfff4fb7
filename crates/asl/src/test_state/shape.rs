//! The shapes of what services answer, as far as TestState compares a mock with them: of the services
//! that this host serves, and of those that workflows commonly call besides. A member is named as the
//! Step Functions integration names it, and `!` marks what the service always sends. The source are the
//! API references of the services.

use serde_json::{Map, Value};

/// What a member is.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Text, and times, which integrations write as text.
    Text,
    Number,
    /// Members with names that the service does not fix.
    Open,
    Members(&'static [Member]),
    List(&'static Shape),
    /// Anything.
    Any,
}

/// A member: its name, whether it is always there, and what it is.
type Member = (&'static str, bool, Shape);

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

const START_EXECUTION: &[Member] = &[
    ("ExecutionArn", true, Shape::Text),
    ("StartDate", true, Shape::Text),
];
const DESCRIBE_EXECUTION: &[Member] = &[
    ("ExecutionArn", true, Shape::Text),
    ("StateMachineArn", true, Shape::Text),
    ("Name", false, Shape::Text),
    ("Status", true, Shape::Text),
    ("StartDate", true, Shape::Text),
    ("StopDate", false, Shape::Text),
    ("Error", false, Shape::Text),
    ("Cause", false, Shape::Text),
];
const SEND_MESSAGE: &[Member] = &[
    ("MD5OfMessageBody", false, Shape::Text),
    ("MD5OfMessageAttributes", false, Shape::Text),
    ("MD5OfMessageSystemAttributes", false, Shape::Text),
    ("MessageId", false, Shape::Text),
    ("SequenceNumber", false, Shape::Text),
];
const INVOKE: &[Member] = &[
    ("StatusCode", false, Shape::Number),
    ("FunctionError", false, Shape::Text),
    ("LogResult", false, Shape::Text),
    ("Payload", false, Shape::Any),
    ("ExecutedVersion", false, Shape::Text),
];
const PUT_EVENTS: &[Member] = &[
    ("FailedEntryCount", false, Shape::Number),
    ("Entries", false, Shape::List(&Shape::Members(PUT_EVENT))),
];
const PUT_EVENT: &[Member] = &[
    ("EventId", false, Shape::Text),
    ("ErrorCode", false, Shape::Text),
    ("ErrorMessage", false, Shape::Text),
];
const ITEM: &[Member] = &[
    ("Item", false, Shape::Open),
    ("Attributes", false, Shape::Open),
    ("ConsumedCapacity", false, Shape::Open),
    ("ItemCollectionMetrics", false, Shape::Open),
];
const PUBLISH: &[Member] = &[
    ("MessageId", false, Shape::Text),
    ("SequenceNumber", false, Shape::Text),
];
const GET_QUEUE_URL: &[Member] = &[("QueueUrl", false, Shape::Text)];
const QUEUE_ATTRIBUTES: &[Member] = &[("Attributes", false, Shape::Open)];
const RECEIVE_MESSAGE: &[Member] = &[("Messages", false, Shape::List(&Shape::Members(MESSAGE)))];
const MESSAGE: &[Member] = &[
    ("MessageId", false, Shape::Text),
    ("ReceiptHandle", false, Shape::Text),
    ("MD5OfBody", false, Shape::Text),
    ("Body", false, Shape::Text),
    ("Attributes", false, Shape::Open),
    ("MD5OfMessageAttributes", false, Shape::Text),
    ("MessageAttributes", false, Shape::Open),
];
const STOP_EXECUTION: &[Member] = &[("StopDate", true, Shape::Text)];
const HTTP_INVOKE: &[Member] = &[
    ("Headers", false, Shape::Open),
    ("ResponseBody", false, Shape::Any),
    ("StatusCode", false, Shape::Number),
    ("StatusText", false, Shape::Text),
];

/// By service and action, as the ARN of the integration writes them after `states:::`.
const SHAPES: &[(&str, &[Member])] = &[
    ("states:startExecution", START_EXECUTION),
    ("aws-sdk:sfn:startExecution", START_EXECUTION),
    // A job is asked for its state: its answer has the shape of that question's.
    ("states:startExecution.sync", DESCRIBE_EXECUTION),
    ("states:startExecution.sync:2", DESCRIBE_EXECUTION),
    ("aws-sdk:sfn:describeExecution", DESCRIBE_EXECUTION),
    ("aws-sdk:sfn:stopExecution", STOP_EXECUTION),
    ("sqs:sendMessage", SEND_MESSAGE),
    ("aws-sdk:sqs:sendMessage", SEND_MESSAGE),
    ("aws-sdk:sqs:receiveMessage", RECEIVE_MESSAGE),
    ("aws-sdk:sqs:getQueueUrl", GET_QUEUE_URL),
    ("aws-sdk:sqs:getQueueAttributes", QUEUE_ATTRIBUTES),
    ("lambda:invoke", INVOKE),
    ("aws-sdk:lambda:invoke", INVOKE),
    ("http:invoke", HTTP_INVOKE),
    ("events:putEvents", PUT_EVENTS),
    ("sns:publish", PUBLISH),
    ("dynamodb:getItem", ITEM),
    ("dynamodb:putItem", ITEM),
    ("dynamodb:updateItem", ITEM),
    ("dynamodb:deleteItem", ITEM),
];

/// What keeps `result` from being an answer of the service that `resource` names. Nothing, when this
/// host does not know the service, or when the answer comes from whoever holds the task token.
pub(super) fn fault(resource: &str, result: &Value, mode: FieldValidation) -> Option<String> {
    let (_, action) = resource.split_once(":states:::")?;
    let (_, members) = SHAPES.iter().find(|(name, _)| *name == action)?;
    let is_strict = match mode {
        FieldValidation::Strict => true,
        FieldValidation::Present => false,
        FieldValidation::None => return None,
    };
    let Value::Object(fields) = result else {
        return Some("Mock result must be an object".to_owned());
    };
    of_members(members, fields, is_strict)
}

fn of_members(members: &[Member], fields: &Map<String, Value>, is_strict: bool) -> Option<String> {
    members
        .iter()
        .find_map(|(name, is_required, shape)| match fields.get(*name) {
            Some(value) => of_value(name, *shape, value, is_strict),
            None => {
                (is_strict && *is_required).then(|| format!("Required field '{name}' is missing"))
            }
        })
}

fn of_value(name: &str, shape: Shape, value: &Value, is_strict: bool) -> Option<String> {
    let wanted = match (shape, value) {
        (Shape::Any, _)
        | (Shape::Text, Value::String(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::Open, Value::Object(_)) => return None,
        (Shape::Members(members), Value::Object(fields)) => {
            return of_members(members, fields, is_strict);
        }
        (Shape::List(shape), Value::Array(items)) => {
            let mut items = items.iter();
            return items.find_map(|item| of_value(name, *shape, item, is_strict));
        }
        (Shape::Text, _) => "a string",
        (Shape::Number, _) => "a number",
        (Shape::Open | Shape::Members(_), _) => "an object",
        (Shape::List(_), _) => "an array",
    };
    Some(format!("Field '{name}' must be {wanted}"))
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
        let unknown = "arn:aws:states:::glue:startJobRun";
        assert_eq!(fault(unknown, &answer, FieldValidation::Strict), None);
    }
}
