//! StartSyncExecution: whoever starts an execution of an EXPRESS state machine so hears of its end in the answer. Who waits
//! is known in memory only: the execution itself is as durable as any other, and goes on without its client.

use rampmeter_asl::End;
use rampmeter_store::model::execution::{StartExecution, SyncExecution};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::state_machine::MachineKind;
use rampmeter_store::{ExecutionRow, StoreError};

use crate::apply::turn::Turn;
use crate::apply::workflow::data::stored_input;
use crate::apply::workflow::execution::Start;
use crate::apply::workflow::work::BUDGET;
use crate::command::Reply;

/// Clients that may wait at once.
const MOST: usize = 20_000;

impl Turn<'_> {
    pub(crate) fn start_sync_execution(
        &mut self,
        start: &StartExecution,
        reply: Reply<SyncExecution>,
    ) -> Result<(), StoreError> {
        let prepared = match self.resolve(&start.state_machine_arn)? {
            Ok((machine, _)) if machine.kind == MachineKind::Standard => {
                Err(Rejected::StateMachineTypeNotSupported)
            }
            Ok(_) if self.memory.synchronous.len() >= MOST => Err(Rejected::QuotaExceeded(
                format!("At most {MOST} synchronous executions can run at once."),
            )),
            Ok((machine, origin)) => self.prepare(machine, start, origin)?,
            Err(refused) => Err(refused),
        };
        match prepared {
            Ok(Start::New(new)) => {
                // The execution may end before this returns.
                self.memory.synchronous.insert(new.execution.id, reply);
                self.begin_new(*new, BUDGET)?;
            }
            Ok(Start::Again(_)) => unreachable!("an EXPRESS execution is always a new one"),
            Err(refused) => self.out.reply(reply, Err(refused)),
        }
        Ok(())
    }

    /// Tells the client that waits for the end of this execution, if one does.
    pub(crate) fn end_synchronous(
        &mut self,
        execution: &ExecutionRow,
        end: &End,
    ) -> Result<(), StoreError> {
        let Some(reply) = self.memory.synchronous.remove(&execution.id) else {
            return Ok(());
        };
        let machine = self.machine(execution.revision)?;
        let input = match stored_input(self.store(), execution) {
            Ok(input) => input.text().to_owned(),
            // It has failed for that reason, which its cause says.
            Err(StoreError::Damaged(_)) => String::new(),
            Err(failed) => return Err(failed),
        };
        let (output, error, cause) = match end {
            End::Succeeded { output } => (Some(output.text().to_owned()), None, None),
            End::Failed { error, cause }
            | End::TimedOut { error, cause }
            | End::Aborted { error, cause } => (None, error.clone(), cause.clone()),
        };
        let place = &self.memory.place;
        let ended = SyncExecution {
            execution_arn: place.execution_arn(&machine.name, &execution.name),
            state_machine_arn: machine.arn.clone(),
            name: execution.given_name().to_owned(),
            status: execution.status,
            start_date: execution.started_at,
            stop_date: execution.stopped_at.unwrap_or(execution.started_at),
            input,
            output,
            error,
            cause,
        };
        self.out.reply(reply, Ok(ended));
        Ok(())
    }
}
