//! Activities: work that a state machine hands to whichever worker asks for it with GetActivityTask.
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
    /// Kept and returned; it has no effect here.
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
    /// Used to report its result.
    pub task_token: String,
    /// JSON text.
    pub input: String,
}

/// The activities by name, in the writer's memory: they are looked up at every attempt of a task.
pub type Activities = BTreeMap<String, ActivityId>;
