//! `http:invoke`: the HTTP Task of Step Functions. Its `ApiEndpoint` says which target it is for; the call goes through
//! that target's gate as a message of its MEDIUM lane, and signs in as the target does. For what only a queue's message
//! has (keys, another priority) there is `sqs:sendMessage.waitForTaskToken`.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>

use std::time::Duration;

use rampmeter_asl::Task;
use rampmeter_call::CallMessage;
use rampmeter_call::http_task::call_of;
use rampmeter_dispatch::Priority;
use rampmeter_store::model::id::{ExecutionId, MessageNumber, StepId, TargetId};
use rampmeter_store::{MessageRow, StoreError};
use serde_json::Value;

use crate::apply::calls::send::Sending;
use crate::apply::calls::send::{INVALID_MESSAGE, Placed};
use crate::apply::subject::Subject;
use crate::apply::workflow::service::Services;
use crate::apply::workflow::service::{Submission, TaskError};

/// The lane of calls that do not state their priority.
const PRIORITY: Priority = Priority::Medium;

impl Services<'_, '_> {
    /// Puts the call of an HTTP Task into the lane of its target. The task goes on with the call's outcome.
    pub(crate) fn request_http(
        &mut self,
        task: &Task,
        execution: ExecutionId,
        step: StepId,
    ) -> Result<Submission, StoreError> {
        let refused = |why: String| {
            Ok(Submission::Answered(Err(TaskError::new(
                INVALID_MESSAGE,
                why,
            ))))
        };
        let call = match call_of(task.parameters.value()) {
            Ok(call) => call,
            Err(why) => return refused(why),
        };
        let endpoint = call.get("ApiEndpoint").and_then(Value::as_str);
        let Some(target) = self.target_at(endpoint.unwrap_or_default()) else {
            return refused(self.no_target());
        };
        let target = self.workflow.calls.target(target);
        let queue = target.queues[PRIORITY.index()];
        if let Err(invalid) = CallMessage::from_value(&call, &target.config.account) {
            return refused(invalid.to_string());
        }
        let id = MessageNumber(
            self.workflow
                .calls
                .queue
                .memory
                .message_numbers
                .take(self.workflow.ledger)?,
        );
        let message = MessageRow {
            task: Some((execution, task.event)),
            entered: Some(task.entered_event),
            stored: Some((step, 0)),
            id,
            queue,
            body: None,
            key: None,
            sent_at: self.workflow.now(),
            first_started_at: None,
            receive_count: 0,
            attempts: 0,
            crashes: 0,
            refusals: 0,
            lost_until: None,
            turn: 0,
            group: None,
            ordering: None,
        };
        let sending = Sending {
            message,
            parameters: task.parameters.clone(),
            placed: Placed::Lane {
                delay: Duration::ZERO,
            },
        };
        Ok(Submission::Sent(Some(Box::new(sending)), None))
    }

    /// The target whose base URL or endpoint a URL lies below; where several match, the longest wins.
    fn target_at(&self, url: &str) -> Option<TargetId> {
        let targets = self.workflow.calls.memory.targets.iter();
        targets
            .filter(|(_, target)| target.config.worker == rampmeter_config::Worker::Embedded)
            .filter_map(|(id, target)| Some((id, target.config.account.locate(url).ok()?.0)))
            .max_by_key(|(_, place)| place.base_url.as_str().len())
            .map(|(id, _)| *id)
    }

    fn no_target(&self) -> String {
        let targets = self.workflow.calls.memory.targets.values();
        let names: Vec<&str> = targets.map(|target| target.config.name.as_str()).collect();
        if names.is_empty() {
            return "ApiEndpoint does not lie below the base_url of a target: none is configured"
                .to_owned();
        }
        format!(
            "ApiEndpoint does not lie below the base_url of any target: {}",
            names.join(", ")
        )
    }
}
