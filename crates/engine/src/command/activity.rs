//! What clients ask of activities, as values on their way to the writer.

use rampmeter_store::model::activity::{
    ActivityDescription, ActivityTask, CreateActivity, GetActivityTask,
};

use crate::command::Reply;

/// One request for an activity. A `String` is its ARN.
#[derive(Debug)]
pub(crate) enum ActivityCommand {
    Create(CreateActivity, Reply<ActivityDescription>),
    Delete(String, Reply<()>),
    GetTask(GetActivityTask, Reply<Option<ActivityTask>>),
}
