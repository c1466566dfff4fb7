//! StartExecution and StopExecution.

use rampmeter_asl::{Detail, Frame, Payload, Stimulus, record};

use super::advance::Advanced;
use super::work::BUDGET;
use crate::arn;
use crate::id::{ExecutionId, StepId};
use crate::rejected::Rejected;
use crate::request::{ExecutionStatus, StartExecution, StartedExecution, StopExecution};
use crate::store::{ExecutionRow, Store, StoreError};
use crate::turn::Turn;

/// AWS's limit for the input and output of states, tasks and executions, in bytes of UTF-8.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(super) const LONGEST_DATA: usize = 262_144;

/// AWS's limit for names, in characters.
const LONGEST_NAME: usize = 80;

impl Turn<'_> {
    /// Starts an execution, or answers again for one with the same name and input that still runs.
    pub(crate) fn start_execution(
        &mut self,
        start: &StartExecution,
    ) -> Result<Result<StartedExecution, Rejected>, StoreError> {
        self.start_execution_within(start, BUDGET)
    }

    /// The same; a new execution spends at most `budget` now.
    pub(super) fn start_execution_within(
        &mut self,
        start: &StartExecution,
        budget: u32,
    ) -> Result<Result<StartedExecution, Rejected>, StoreError> {
        let machine = match arn::machine_name(&start.state_machine_arn) {
            Ok(name) => self
                .newest_machine(name)?
                .ok_or_else(|| Rejected::StateMachineDoesNotExist(start.state_machine_arn.clone())),
            Err(refused) => Err(refused),
        };
        let checked = machine.and_then(|machine| {
            let input = read_input(&start.input)?;
            let name = start.name.as_deref().map(check_name).transpose()?;
            Ok((machine, input, name))
        });
        let (machine, input, name) = match checked {
            Ok(checked) => checked,
            Err(refused) => return Ok(Err(refused)),
        };
        let name = match name {
            Some(name) => {
                if let Some(taken) = self.store().execution_named(&machine.name, name)? {
                    return self.start_again(&machine.name, &taken, &input);
                }
                name.to_owned()
            }
            None => uuid::Uuid::new_v4().to_string(),
        };
        let now = self.now_ms();
        let execution = ExecutionRow {
            id: ExecutionId(self.writer.numbers.execution.take(&self.writer.store)?),
            revision: machine.id,
            name,
            status: ExecutionStatus::Running,
            started_at: now,
            stopped_at: None,
            events: 0,
            first_step: StepId(0),
            last_step: StepId(0),
            waits_for: 0,
            frame_step: StepId(0),
            frames: 0,
            item: None,
        };
        let execution_arn = self
            .writer
            .place
            .execution_arn(&machine.name, &execution.name);
        self.begin(&machine, execution, Frame::root(), input, budget)?;
        Ok(Ok(StartedExecution {
            execution_arn,
            start_date: now,
        }))
    }

    /// AWS's idempotency of names: the same name and input get the first answer while the execution runs.
    fn start_again(
        &self,
        machine_name: &str,
        taken: &ExecutionRow,
        input: &Payload,
    ) -> Result<Result<StartedExecution, Rejected>, StoreError> {
        let execution_arn = self.writer.place.execution_arn(machine_name, &taken.name);
        let repeated = taken.status == ExecutionStatus::Running
            && stored_input(self.store(), taken)?.value() == input.value();
        Ok(if repeated {
            Ok(StartedExecution {
                execution_arn,
                start_date: taken.started_at,
            })
        } else {
            Err(Rejected::ExecutionAlreadyExists(execution_arn))
        })
    }

    /// Stops an execution; one that has ended is left as it is, and its stop date is answered, as on AWS.
    pub(crate) fn stop_execution(
        &mut self,
        stop: StopExecution,
    ) -> Result<Result<i64, Rejected>, StoreError> {
        let execution = match self.execution_by_arn(&stop.execution_arn)? {
            Ok(execution) => execution,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some(stopped_at) = execution.stopped_at {
            return Ok(Ok(stopped_at));
        }
        let stimulus = Stimulus::Stop {
            error: stop.error,
            cause: stop.cause,
        };
        let advanced = self.advance(execution, stimulus, None)?;
        assert_eq!(
            advanced,
            Advanced::Moved,
            "a running execution can be stopped"
        );
        Ok(Ok(self.now_ms()))
    }

    /// The execution that an ARN names.
    pub(super) fn execution_by_arn(
        &self,
        arn: &str,
    ) -> Result<Result<ExecutionRow, Rejected>, StoreError> {
        let (machine, name) = match arn::execution_names(arn) {
            Ok(names) => names,
            Err(refused) => return Ok(Err(refused)),
        };
        let found = self.store().execution_named(machine, name)?;
        Ok(found.ok_or_else(|| Rejected::ExecutionDoesNotExist(arn.to_owned())))
    }
}

/// The input of an execution: what its first event says.
pub(super) fn stored_input(store: &Store, execution: &ExecutionRow) -> Result<Payload, StoreError> {
    let data = store.step_data(execution.first_step)?;
    let damaged =
        |what: String| StoreError::Damaged(format!("step {}: {what}", execution.first_step.0));
    let step = record::decode(&data).map_err(|error| damaged(error.to_string()))?;
    match step.events.into_iter().next().map(|event| event.detail) {
        Some(Detail::ExecutionStarted { input, .. }) => Ok(input),
        _ => Err(damaged(
            "its first event is not ExecutionStarted".to_owned(),
        )),
    }
}

/// The output of an execution that succeeded: what its last event says.
pub(super) fn stored_output(
    store: &Store,
    execution: &ExecutionRow,
) -> Result<Payload, StoreError> {
    let damaged =
        |what: String| StoreError::Damaged(format!("step {}: {what}", execution.last_step.0));
    let data = store.step_data(execution.last_step)?;
    let step = record::decode(&data).map_err(|error| damaged(error.to_string()))?;
    match step
        .events
        .into_iter()
        .next_back()
        .map(|event| event.detail)
    {
        Some(Detail::ExecutionSucceeded { output }) => Ok(output),
        _ => Err(damaged(
            "its last event is not ExecutionSucceeded".to_owned(),
        )),
    }
}

fn read_input(text: &str) -> Result<Payload, Rejected> {
    if text.len() > LONGEST_DATA {
        return Err(Rejected::InvalidExecutionInput(format!(
            "Input exceeds the maximum number of bytes allowed: {LONGEST_DATA}"
        )));
    }
    Payload::parse(text)
        .map_err(|_| Rejected::InvalidExecutionInput(rampmeter_asl::json_problem(text)))
}

/// AWS's rule for names: 1 to 80 characters, no white space, control characters, brackets or special characters.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub(super) fn check_name(name: &str) -> Result<&str, Rejected> {
    let allowed = |character: char| {
        !character.is_whitespace()
            && !character.is_control()
            && !"<>{}[]?*\"#%\\^|~`$&,;:/".contains(character)
    };
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && name.chars().all(allowed) {
        Ok(name)
    } else {
        Err(Rejected::InvalidName(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_the_rules_of_aws() {
        for good in [
            "SO-1042",
            "a",
            "order_7.retry+1@x=y!",
            "Überweisung",
            &"n".repeat(80),
        ] {
            assert_eq!(check_name(good), Ok(good));
        }
        for bad in [
            "",
            "a b",
            "a/b",
            "a:b",
            "a\u{7}",
            "<a>",
            "a*",
            &"n".repeat(81),
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_input_is_json_of_at_most_256_kibibytes() {
        assert!(read_input("{}").is_ok());
        assert!(read_input("{").is_err());
        assert!(read_input("").is_err());
        let longest = format!("\"{}\"", "x".repeat(LONGEST_DATA - 2));
        assert!(read_input(&longest).is_ok());
        assert!(read_input(&format!("{longest} ")).is_err());
    }
}
