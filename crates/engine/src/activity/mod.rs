//! Activities: work that a state machine hands to whoever asks for it with GetActivityTask. Their types here, their
//! operations at the engine's handle in `door`, the polls that wait in `waiting`. What the operations do is in
//! `apply::activity`.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::command::Reply;
use crate::id::ActivityId;

mod door;
pub(crate) mod waiting;

/// CreateActivity of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct CreateActivity {
    /// 1 to 80 characters.
    pub name: String,
    /// Kept and shown again; it has no effect here.
    pub encryption: Option<Value>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// One activity.
#[derive(Debug, Clone)]
pub struct ActivityDescription {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it was created with.
    pub encryption: Option<Value>,
    /// Milliseconds since the Unix epoch.
    pub creation_date: i64,
}

/// GetActivityTask of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct GetActivityTask {
    /// ARN of the activity.
    pub activity_arn: String,
    /// At most 80 characters; shown in the history of the execution.
    pub worker_name: Option<String>,
}

/// A task that a worker has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityTask {
    /// To report its result with.
    pub task_token: String,
    /// JSON text.
    pub input: String,
}

/// One request for an activity. The text is its ARN.
#[derive(Debug)]
pub(crate) enum ActivityCommand {
    Create(CreateActivity, Reply<ActivityDescription>),
    Delete(String, Reply<()>),
    GetTask(GetActivityTask, Reply<Option<ActivityTask>>),
}

/// The activities by name, in the writer's memory: a state asks for them at every attempt.
pub(crate) type Activities = BTreeMap<String, ActivityId>;
