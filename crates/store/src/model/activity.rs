//! Activities: work that a state machine hands to whoever asks for it with GetActivityTask.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html>

use std::collections::BTreeMap;

use rampmeter_time::UnixMillis;
use serde_json::Value;

use crate::model::id::ActivityId;

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
    /// When it was created.
    pub creation_date: UnixMillis,
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

/// The activities by name, in the writer's memory: a state asks for them at every attempt.
pub type Activities = BTreeMap<String, ActivityId>;
