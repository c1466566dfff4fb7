//! `sqs:sendMessage`: the message of a Task state, and its errors as Step Functions names them.

use rampmeter_asl::{Payload, Task};
use rampmeter_store::model::arn::queue_name;
use rampmeter_store::model::id::{ExecutionId, QueueId, StepId};
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::{SendMessage, SentMessage, message_attribute};
use rampmeter_store::{StoreError, TransactionError, body_text};
use serde_json::{Value, json};

use crate::apply::calls::send::Sending;
use crate::apply::calls::send::{Placed, Placing};
use crate::apply::subject::as_task_error;
use crate::apply::workflow::service::Services;
use crate::apply::workflow::service::{Submission, TaskError};

impl Services<'_, '_> {
    /// The message of a Task state. There is none when a FIFO queue already has it.
    pub(crate) fn request_message(
        &mut self,
        task: &Task,
        execution: ExecutionId,
        step: StepId,
    ) -> Result<Submission, StoreError> {
        let refused = |refused: &Rejected| Ok(Submission::Answered(Err(task_error(refused))));
        let request = match request_of(task.parameters.value()) {
            Ok(request) => request,
            Err(why) => return refused(&why),
        };
        let name = queue_name(&request.queue_url);
        let Some(record) = self.workflow.calls.queue.memory.queues.named(name) else {
            return refused(&Rejected::QueueDoesNotExist(name.to_owned()));
        };
        let id = record.id;
        let placed = match self.workflow.calls.queue.memory.queues.get(id) {
            Some(queue) => self.workflow.calls.place_call(task, step, queue, &request),
            None => self.place_plain(task, id, request),
        };
        let (mut sending, sent) = match placed {
            Ok(placed) => placed,
            Err(TransactionError::Refused(why)) => return refused(&why),
            // What cannot be read belongs to another message: the task fails, and its execution goes on with the
            // failure.
            Err(TransactionError::Damaged(damaged)) => {
                return Ok(Submission::Answered(Err(as_task_error(&damaged))));
            }
            Err(TransactionError::Poisoned(failure)) => return Err(failure.into()),
        };
        // A message with another execution's task token is a call of its own, distinct from that execution's call.
        if let Some(sending) = &mut sending
            && sending
                .message
                .task
                .is_some_and(|(owner, _)| owner != execution)
        {
            sending.message.entered = None;
        }
        Ok(Submission::Sent(
            sending.map(Box::new),
            Some(task_output(&sent)),
        ))
    }

    /// A task's message to a plain queue. It keeps a copy of its body, for it may outlive the execution's history.
    fn place_plain(
        &mut self,
        task: &Task,
        queue: QueueId,
        request: SendMessage,
    ) -> Result<Placing, TransactionError> {
        let made = self
            .workflow
            .calls
            .queue
            .make_plain(queue, request, false)?;
        let (sent, message) = made;
        let sending = message.map(|message| Sending {
            message: message.row,
            parameters: task.parameters.clone(),
            placed: Placed::Plain {
                delay: message.delay,
                envelope: Box::new(message.envelope),
            },
        });
        Ok((sending, sent))
    }
}

/// The SendMessage that a Task state's parameters ask for.
fn request_of(parameters: &Value) -> Result<SendMessage, Rejected> {
    let text = |name: &str| {
        parameters
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let body = parameters.get("MessageBody").filter(|body| !body.is_null());
    let body = body.ok_or(QueueError::MissingParameter("MessageBody"))?;
    Ok(SendMessage {
        queue_url: text("QueueUrl").unwrap_or_default(),
        body: body_text(body).into_owned(),
        delay_seconds: whole_number(parameters, "DelaySeconds")?,
        attributes: message_attribute::read(parameters.get("MessageAttributes"))?,
        system_attributes: message_attribute::read(parameters.get("MessageSystemAttributes"))?,
        trace_header: None,
        group_id: text("MessageGroupId"),
        deduplication_id: text("MessageDeduplicationId"),
    })
}

/// A number, or a text that is one: a workflow's data has both.
fn whole_number(parameters: &Value, name: &str) -> Result<Option<i64>, Rejected> {
    let read = match parameters.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_i64(),
    };
    match read {
        Some(number) => Ok(Some(number)),
        None => Err(Rejected::InvalidParameter(format!(
            "The value of {name} must be a whole number."
        ))),
    }
}

/// The output of a Task state that sent a message.
fn task_output(sent: &SentMessage) -> Payload {
    let mut output = json!({
        "MD5OfMessageBody": sent.md5_of_body,
        "MessageId": sent.message_id,
        "SdkHttpMetadata": { "HttpStatusCode": 200 },
        "SdkResponseMetadata": { "RequestId": uuid::Uuid::new_v4().to_string() },
    });
    for (name, value) in [
        ("MD5OfMessageAttributes", &sent.md5_of_attributes),
        (
            "MD5OfMessageSystemAttributes",
            &sent.md5_of_system_attributes,
        ),
        ("SequenceNumber", &sent.sequence_number),
    ] {
        if let Some(value) = value {
            output[name] = Value::from(value.as_str());
        }
    }
    Payload::from_value(output)
}

/// The error of a Task state whose message was refused, with the name and the text that Step Functions gives it.
fn task_error(refused: &Rejected) -> TaskError {
    let (error, code) = match refused {
        Rejected::QueueDoesNotExist(_) => (
            "SQS.QueueDoesNotExistException",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        Rejected::Queue(error) => ("SQS.AmazonSQSException", error.query_code()),
        Rejected::InvalidMessageContents(_) => ("SQS.AmazonSQSException", "InvalidMessageContents"),
        _ => ("SQS.AmazonSQSException", "InvalidParameterValue"),
    };
    let request = uuid::Uuid::new_v4();
    let cause = format!(
        "{refused} (Service: AmazonSQS; Status Code: 400; Error Code: {code}; Request ID: {request}; Proxy: null)"
    );
    TaskError {
        error: error.to_owned(),
        cause,
    }
}
