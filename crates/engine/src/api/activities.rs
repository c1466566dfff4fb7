//! Activities on the engine's handle: their operations, and how workers fetch tasks.

use rampmeter_store::Reader;
use rampmeter_store::model::activity::{
    ActivityDescription, ActivityTask, CreateActivity, GetActivityTask,
};
use rampmeter_store::model::rejected::Rejected;

use crate::api::Engine;
use crate::command::Command;
use crate::command::activity::ActivityCommand;

/// Activities and their tasks.
#[derive(Debug, Clone, Copy)]
pub struct Activities<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// Activities and their tasks.
    #[must_use]
    pub fn activities(&self) -> Activities<'_> {
        Activities { engine: self }
    }
}

impl Activities<'_> {
    /// CreateActivity. Asked again for the same one, it answers as the first time.
    ///
    /// # Errors
    /// `InvalidName`, `ActivityAlreadyExists`, `ActivityLimitExceeded`, `Stopped`.
    pub async fn create_activity(
        self,
        create: CreateActivity,
    ) -> Result<ActivityDescription, Rejected> {
        self.engine
            .ask(|reply| Command::Activity(ActivityCommand::Create(create, reply)))
            .await
    }

    /// DeleteActivity. Tasks that wait for a worker wait for their timeout.
    ///
    /// # Errors
    /// `InvalidArn`, `Stopped`.
    pub async fn delete_activity(self, arn: &str) -> Result<(), Rejected> {
        let arn = arn.to_owned();
        self.engine
            .ask(|reply| Command::Activity(ActivityCommand::Delete(arn, reply)))
            .await
    }

    /// GetActivityTask: a task, once there is one; `None` after 60 seconds without. The worker has the task when it is
    /// on disk that it began.
    ///
    /// # Errors
    /// `InvalidArn`, `ActivityDoesNotExist`, `ActivityWorkerLimitExceeded`, `Stopped`.
    pub async fn get_activity_task(
        self,
        get: GetActivityTask,
    ) -> Result<Option<ActivityTask>, Rejected> {
        self.engine
            .ask(|reply| Command::Activity(ActivityCommand::GetTask(get, reply)))
            .await
    }

    /// DescribeActivity.
    ///
    /// # Errors
    /// `InvalidArn`, `ActivityDoesNotExist`, `Stopped`.
    pub async fn describe_activity(self, arn: &str) -> Result<ActivityDescription, Rejected> {
        let arn = arn.to_owned();
        self.engine
            .read(move |reader| reader.describe_activity(&arn))
            .await
    }

    /// ListActivities, oldest first.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn list_activities(self) -> Result<Vec<ActivityDescription>, Rejected> {
        self.engine.read(Reader::activities).await
    }
}
