//! StartExecution and StopExecution.

use std::sync::Arc;

use rampmeter_asl::{Frame, Payload, Stimulus};
use rampmeter_store::TransactionError;
use rampmeter_store::model::arn;
use rampmeter_store::model::arn::Qualifier;
use rampmeter_store::model::execution::{
    ExecutionStatus, StartExecution, StartedExecution, StopExecution,
};
use rampmeter_store::model::id::{ExecutionId, StepId};
use rampmeter_store::model::name::check_name;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::state_machine::MachineKind;
use rampmeter_store::{Damaged, ExecutionRow, Origin, StoreError};
use rampmeter_store::{MAX_DATA_BYTES, stored_input};
use rampmeter_time::UnixMillis;

use crate::apply::subject::Subject;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::apply::workflow::work::BUDGET;
use rampmeter_index::Machine;

/// An execution that is about to begin.
#[derive(Debug)]
pub(crate) struct NewExecution {
    pub(crate) machine: Arc<Machine>,
    pub(crate) execution: ExecutionRow,
    input: Payload,
    origin: Origin,
}

/// What a checked start comes to.
#[derive(Debug)]
pub(crate) enum Start {
    New(Box<NewExecution>),
    /// It is already running.
    Again(StartedExecution),
}

/// Executions that begin.
#[derive(Debug)]
pub(crate) struct Starts<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn starts(&mut self) -> Starts<'_, 't> {
        Starts {
            store: self.store,
            workflow: self,
        }
    }
}

impl Starts<'_, '_> {
    /// Starts an execution, or gives the same response again for a running one with the same name and input.
    pub(crate) fn start_execution(
        &mut self,
        start: &StartExecution,
    ) -> Result<StartedExecution, TransactionError> {
        self.start_execution_within(start, BUDGET)
    }

    /// The same; a new execution spends at most `budget` now.
    pub(crate) fn start_execution_within(
        &mut self,
        start: &StartExecution,
        budget: u32,
    ) -> Result<StartedExecution, TransactionError> {
        let (machine, origin) = self.resolve(&start.state_machine_arn)?;
        match self.prepare(machine, start, origin)? {
            Start::New(new) => Ok(self.begin_new(*new, budget)?),
            Start::Again(started) => Ok(started),
        }
    }

    /// What an ARN starts: the newest revision of a state machine, a version of it, or the version to which an alias
    /// routes this execution.
    pub(crate) fn resolve(
        &mut self,
        arn: &str,
    ) -> Result<(Arc<Machine>, Origin), TransactionError> {
        let missing = || Rejected::StateMachineDoesNotExist(arn.to_owned());
        let reference = arn::machine(arn)?;
        let Some(newest) = self.workflow.newest_machine(reference.name)? else {
            return Err(missing().into());
        };
        let Some(qualifier) = reference.qualifier else {
            return Ok((newest, Origin::default()));
        };
        let machine = self.store.machines.revision(newest.id)?.machine;
        let (number, alias) = match qualifier {
            Qualifier::Version(number) => (Some(number), None),
            Qualifier::Alias(name) => match self.store.machines.alias(machine, name)? {
                Some(row) => (
                    crate::apply::machines::alias::pick(&row.routes),
                    Some(row.name),
                ),
                None => return Err(missing().into()),
            },
        };
        let version = match number {
            Some(number) => self.store.machines.version(machine, number)?,
            None => None,
        };
        let Some(version) = version else {
            return Err(missing().into());
        };
        let origin = Origin {
            version: Some(version.number),
            alias,
        };
        Ok((self.workflow.machine(version.revision)?, origin))
    }

    /// Checks a start, and gives the execution its number and its name.
    pub(crate) fn prepare(
        &mut self,
        machine: Arc<Machine>,
        start: &StartExecution,
        origin: Origin,
    ) -> Result<Start, TransactionError> {
        let checked = read_input(&start.input).and_then(|input| {
            let name = start.name.as_deref().map(check_name).transpose()?;
            Ok((input, name))
        });
        let (input, name) = checked?;
        let unique = || uuid::Uuid::new_v4().to_string();
        let name = match (machine.kind, name) {
            // Names of EXPRESS executions may be used again at once.
            (MachineKind::Express, name) => {
                let name = name.map_or_else(unique, str::to_owned);
                format!("{name}:{}", unique())
            }
            (MachineKind::Standard, Some(name)) => {
                if let Some(taken) = self.store.executions.execution_named(&machine.name, name)? {
                    let again = self.start_again(&machine.name, &taken, &input)?;
                    return Ok(Start::Again(again));
                }
                name.to_owned()
            }
            (MachineKind::Standard, None) => unique(),
        };
        let execution = ExecutionRow {
            id: ExecutionId(
                self.workflow
                    .memory
                    .execution_numbers
                    .take(self.workflow.ledger)?,
            ),
            revision: machine.id,
            name,
            status: ExecutionStatus::Running,
            started_at: self.workflow.now_millis(),
            stopped_at: None,
            events: 0,
            first_step: StepId(0),
            last_step: StepId(0),
            waits_for: 0,
            frame_step: StepId(0),
            frames: 0,
            item: None,
            redrives: 0,
            redriven_at: None,
        };
        Ok(Start::New(Box::new(NewExecution {
            machine,
            execution,
            input,
            origin,
        })))
    }

    /// Begins an execution that was prepared. It spends at most `budget` now.
    pub(crate) fn begin_new(
        &mut self,
        new: NewExecution,
        budget: u32,
    ) -> Result<StartedExecution, StoreError> {
        let NewExecution {
            machine,
            execution,
            input,
            origin,
        } = new;
        let place = self.workflow.arns;
        let started = StartedExecution {
            execution_arn: place.execution_arn(&machine.name, &execution.name),
            start_date: execution.started_at,
        };
        if origin != Origin::default() {
            self.store.machines.insert_origin(execution.id, &origin)?;
        }
        self.workflow
            .steps()
            .begin(&machine, execution, Frame::root(), input, budget)?;
        Ok(started)
    }

    /// AWS's idempotency of names: while the execution runs, the same name and input get the first response again.
    fn start_again(
        &self,
        machine_name: &str,
        taken: &ExecutionRow,
        input: &Payload,
    ) -> Result<StartedExecution, TransactionError> {
        let execution_arn = self.workflow.arns.execution_arn(machine_name, &taken.name);
        let repeated = taken.status == ExecutionStatus::Running
            && stored_input(self.store.executions, taken)?.value() == input.value();
        if repeated {
            Ok(StartedExecution {
                execution_arn,
                start_date: taken.started_at,
            })
        } else {
            Err(Rejected::ExecutionAlreadyExists(execution_arn).into())
        }
    }
}

impl WorkflowContext<'_> {
    /// Stops an execution; one that has ended is left as it is, and its stop date is answered, as on AWS.
    pub(crate) fn stop_execution(
        &mut self,
        stop: StopExecution,
    ) -> Result<UnixMillis, TransactionError> {
        let execution = match self.execution_by_arn(&stop.execution_arn) {
            Ok(execution) => execution,
            Err(TransactionError::Poisoned(failure)) => return Err(failure.into()),
            Err(why) => return self.stop_unreadable(&stop.execution_arn, why),
        };
        if let Some(stopped_at) = execution.stopped_at {
            return Ok(stopped_at);
        }
        let stimulus = Stimulus::Stop {
            error: stop.error,
            cause: stop.cause,
        };
        self.tell(execution.id, stimulus);
        Ok(self.now_millis())
    }

    /// Ends an execution whose row cannot be read or no longer leads to its state machine: whoever stops it wants it to
    /// do nothing more, and that is possible. `why` is the error for one that does not exist at all.
    fn stop_unreadable(
        &mut self,
        arn: &str,
        why: TransactionError,
    ) -> Result<UnixMillis, TransactionError> {
        let (machine, name) = arn::execution_names(arn)?;
        let found = self.store.executions.execution_id_named(machine, name)?;
        let Some(id) = found else {
            return Err(why);
        };
        self.end_unreadable(id, &Damaged(why.to_string()))?;
        Ok(self.now_millis())
    }

    /// The execution that an ARN names.
    pub(crate) fn execution_by_arn(&self, arn: &str) -> Result<ExecutionRow, TransactionError> {
        let (machine, name) = arn::execution_names(arn)?;
        let found = self.store.executions.execution_named(machine, name)?;
        found.ok_or_else(|| Rejected::ExecutionDoesNotExist(arn.to_owned()).into())
    }
}

fn read_input(text: &str) -> Result<Payload, Rejected> {
    if text.len() > MAX_DATA_BYTES {
        return Err(Rejected::InvalidExecutionInput(format!(
            "Input exceeds the maximum number of bytes allowed: {MAX_DATA_BYTES}"
        )));
    }
    Payload::parse(text)
        .map_err(|_| Rejected::InvalidExecutionInput(rampmeter_asl::json_problem(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_json_of_at_most_256_kibibytes() {
        assert!(read_input("{}").is_ok());
        assert!(read_input("{").is_err());
        assert!(read_input("").is_err());
        let longest = format!("\"{}\"", "x".repeat(MAX_DATA_BYTES - 2));
        assert!(read_input(&longest).is_ok());
        assert!(read_input(&format!("{longest} ")).is_err());
    }
}
