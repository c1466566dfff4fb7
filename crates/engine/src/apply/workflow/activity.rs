//! CreateActivity, DeleteActivity and GetActivityTask, and the tasks that wait for a worker. They are rows: a restart
//! loses none. A worker that disconnects before the response reaches it has taken the task all the same, as on AWS: the
//! task's timeout or heartbeat ends it.

use std::time::Duration;

use rampmeter_asl::{Detail, EventId, Payload, Stimulus, record};
use rampmeter_index::Poll;
use rampmeter_store::model::activity::{
    ActivityDescription, ActivityTask, CreateActivity, GetActivityTask,
};
use rampmeter_store::model::arn;
use rampmeter_store::model::id::{ActivityId, ExecutionId, StepId};
use rampmeter_store::model::name::check_name;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{ActivityRow, ActivityTaskRow, StoreError};
use rampmeter_store::{Readable, StoreFailure, TransactionError, readable, unreadable};

use crate::apply::subject::Subject;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::command::Reply;
use crate::command::activity::ActivityCommand;

/// AWS's quota of activities in an account.
const MAX_ACTIVITIES: usize = 100_000;

/// How long a worker waits for a task.
const WAIT: Duration = Duration::from_secs(60);

/// Waiting workers served in one transaction.
const SERVED_AT_ONCE: usize = 512;

/// Activities, their tasks, and the workers that wait for them.
#[derive(Debug)]
pub(crate) struct ActivityTasks<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn activities(&mut self) -> ActivityTasks<'_, 't> {
        ActivityTasks {
            store: self.store,
            workflow: self,
        }
    }
}

impl ActivityTasks<'_, '_> {
    pub(crate) fn apply_to_activity(
        &mut self,
        command: ActivityCommand,
    ) -> Result<(), StoreFailure> {
        match command {
            ActivityCommand::Create(create, reply) => self.workflow.client(reply, |workflow| {
                workflow.activities().create_activity(create)
            }),
            ActivityCommand::Delete(arn, reply) => self.workflow.client(reply, |workflow| {
                workflow.activities().delete_activity(&arn)
            }),
            ActivityCommand::GetTask(get, reply) => self.get_activity_task(get, reply),
        }
    }

    fn create_activity(
        &mut self,
        create: CreateActivity,
    ) -> Result<ActivityDescription, TransactionError> {
        check_name(&create.name)?;
        let encryption = create.encryption.map(|encryption| encryption.to_string());
        if let Some(existing) = self.store.machines.activity(&create.name)? {
            // Tags do not count, as on AWS.
            if existing.encryption != encryption {
                let arn = self.workflow.arns.activity_arn(&create.name);
                return Err(Rejected::ActivityAlreadyExists(arn).into());
            }
            return Ok(existing.describe(self.workflow.arns));
        }
        if self.workflow.memory.activities.len() >= MAX_ACTIVITIES {
            return Err(Rejected::ActivityLimitExceeded(MAX_ACTIVITIES).into());
        }
        let row = ActivityRow {
            name: create.name.clone(),
            encryption,
            created_at: self.workflow.now_millis(),
        };
        let tags = serde_json::json!(create.tags).to_string();
        let id = self.store.machines.insert_activity(&row, &tags)?;
        self.workflow.memory.activities.insert(create.name, id);
        Ok(row.describe(self.workflow.arns))
    }

    /// Deletes an activity; one that does not exist is deleted already, as on AWS.
    fn delete_activity(&mut self, arn: &str) -> Result<(), TransactionError> {
        let name = arn::activity_name(arn)?;
        if let Some(id) = self.workflow.memory.activities.remove(name) {
            self.store.machines.delete_activity(id)?;
            for poll in self.workflow.memory.polls.take_of(id) {
                let refused = Rejected::ActivityDoesNotExist(arn.to_owned());
                self.workflow.reply(poll.reply, Err(refused));
            }
        }
        Ok(())
    }

    fn get_activity_task(
        &mut self,
        get: GetActivityTask,
        reply: Reply<Option<ActivityTask>>,
    ) -> Result<(), StoreFailure> {
        let found = arn::activity_name(&get.activity_arn)
            .map(|name| self.workflow.memory.activities.get(name).copied())
            .and_then(|id| id.ok_or(Rejected::ActivityDoesNotExist(get.activity_arn)));
        let activity = match found {
            Ok(activity) => activity,
            Err(refused) => {
                self.workflow.reply(reply, Err(refused));
                return Ok(());
            }
        };
        // Do not give a task to a worker that has already gone.
        if reply.is_closed() {
            return Ok(());
        }
        let task = self.take_task(activity, get.worker_name.as_deref())?;
        if task.is_some() || self.workflow.is_draining() {
            self.workflow.reply(reply, Ok(task));
            return Ok(());
        }
        let deadline = self.workflow.now().saturating_add(WAIT);
        let poll = Poll {
            worker_name: get.worker_name,
            reply,
            deadline,
        };
        if let Err(poll) = self.workflow.memory.polls.add(activity, poll) {
            let refused = Rejected::ActivityWorkerLimitExceeded;
            self.workflow.reply(poll.reply, Err(refused));
        }
        Ok(())
    }

    /// Gives a worker the task that has waited longest, if its execution still waits for it. A task that cannot be read
    /// fails with its execution.
    fn take_task(
        &mut self,
        activity: ActivityId,
        worker_name: Option<&str>,
    ) -> Result<Option<ActivityTask>, StoreFailure> {
        loop {
            let row = match readable(self.store.machines.take_activity_task(activity))? {
                Readable::Whole(Some(row)) => row,
                Readable::Whole(None) | Readable::Damaged(_) => return Ok(None),
            };
            let input = match readable(self.input_of(&row))? {
                Readable::Whole(Some(input)) => input,
                Readable::Whole(None) => continue,
                Readable::Damaged(damaged) => {
                    self.workflow.with_execution(row.execution, |_, _| {
                        Err(TransactionError::Damaged(damaged))
                    })?;
                    continue;
                }
            };
            let stimulus = Stimulus::TaskStarted {
                event: row.event,
                worker_name: worker_name.map(str::to_owned),
            };
            self.workflow.tell(row.execution, stimulus);
            return Ok(Some(ActivityTask {
                task_token: self.workflow.seal.mint(row.execution, row.event),
                input: input.text().to_owned(),
            }));
        }
    }

    /// The input of a task: what its `ActivityScheduled` event says. `None` when nobody waits for it any more.
    fn input_of(&self, row: &ActivityTaskRow) -> Result<Option<Payload>, StoreError> {
        if !self.workflow.calls.waits_for(row.execution, row.event)? {
            return Ok(None);
        }
        let data = self.store.executions.step_data(row.step)?;
        let step = record::decode(&data).map_err(|error| unreadable(row.step, &error))?;
        let mut events = step.events.into_iter();
        let scheduled = events.find(|event| event.id == row.event);
        match scheduled.map(|event| event.detail) {
            Some(Detail::ActivityScheduled { input, .. }) => Ok(Some(input)),
            _ => Err(StoreError::damaged(format!(
                "step {}: it schedules no activity",
                row.step.0
            ))),
        }
    }

    /// Keeps the task of an activity until a worker takes it. Returns whether there is such an activity: if the step
    /// was evaluated beside the writer, it may have been deleted meanwhile.
    pub(crate) fn keep_task(
        &mut self,
        arn: &str,
        execution: ExecutionId,
        event: EventId,
        step: StepId,
    ) -> Result<bool, StoreError> {
        let known = arn::activity_name(arn)
            .ok()
            .and_then(|name| self.workflow.memory.activities.get(name).copied());
        let Some(activity) = known else {
            return Ok(false);
        };
        self.store.machines.insert_activity_task(&ActivityTaskRow {
            activity,
            step,
            event,
            execution,
        })?;
        self.workflow.memory.polls.wake(activity);
        Ok(true)
    }

    /// Answers the workers whose time is over, and those whose activities have tasks. Returns whether some remain that
    /// could be served at once.
    pub(crate) fn serve_waiting_workers(&mut self) -> Result<bool, StoreFailure> {
        let over = if self.workflow.is_draining() {
            self.workflow.memory.polls.take_all()
        } else {
            self.workflow.memory.polls.take_due(self.workflow.now())
        };
        for poll in over {
            self.workflow.reply(poll.reply, Ok(None));
        }
        for _ in 0..SERVED_AT_ONCE {
            let Some((place, poll)) = self.workflow.memory.polls.take_woken() else {
                return Ok(false);
            };
            if let Some(task) = self.take_task(place.0, poll.worker_name.as_deref())? {
                self.workflow.reply(poll.reply, Ok(Some(task)));
            } else {
                self.workflow.memory.polls.put_back(place, poll);
                self.workflow.memory.polls.rest(place.0);
            }
        }
        Ok(true)
    }
}
