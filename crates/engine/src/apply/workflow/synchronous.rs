//! StartSyncExecution: whoever starts an execution of an EXPRESS state machine so hears of its end in the answer. Who waits
//! is known in memory only: the execution itself is as durable as any other, and goes on without its client.

use rampmeter_asl::End;
use rampmeter_store::model::execution::{StartExecution, SyncExecution};
use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::state_machine::MachineKind;
use rampmeter_store::{
    ExecutionRow, Readable, StoreError, StoreFailure, TransactionError, readable,
};

use crate::apply::boundary::Attempt;
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
    ) -> Result<(), StoreFailure> {
        let refused = match self.attempt(|turn| turn.start_awaited(start))? {
            Attempt::Done(execution) => {
                self.memory.synchronous.insert(execution, reply);
                return Ok(());
            }
            Attempt::Refused(refused) => refused,
            Attempt::Damaged(damaged) => self.refuse_damaged(&damaged)?,
        };
        self.out.reply(reply, Err(refused));
        Ok(())
    }

    /// Starts an execution whose client waits for its end. It may have ended when this returns.
    fn start_awaited(&mut self, start: &StartExecution) -> Result<ExecutionId, TransactionError> {
        let (machine, origin) = self.resolve(&start.state_machine_arn)?;
        if machine.kind == MachineKind::Standard {
            return Err(Rejected::StateMachineTypeNotSupported.into());
        }
        if self.memory.synchronous.len() >= MOST {
            let what = format!("At most {MOST} synchronous executions can run at once.");
            return Err(Rejected::QuotaExceeded(what).into());
        }
        let Start::New(new) = self.prepare(machine, start, origin)? else {
            unreachable!("an EXPRESS execution is always a new one");
        };
        let id = new.execution.id;
        self.begin_new(*new, BUDGET)?;
        Ok(id)
    }

    /// Notes the end of an EXPRESS execution, for the client that may wait for it.
    pub(crate) fn end_synchronous(
        &mut self,
        execution: &ExecutionRow,
        end: &End,
    ) -> Result<(), StoreError> {
        if !execution.is_express() {
            return Ok(());
        }
        let name = self.store().machines().machine_name(execution.revision)?;
        let input = match readable(stored_input(self.store(), execution))? {
            Readable::Whole(input) => input.text().to_owned(),
            // It has failed for that reason, which its cause says.
            Readable::Damaged(_) => String::new(),
        };
        let (output, error, cause) = match end {
            End::Succeeded { output } => (Some(output.text().to_owned()), None, None),
            End::Failed { error, cause }
            | End::TimedOut { error, cause }
            | End::Aborted { error, cause } => (None, error.clone(), cause.clone()),
        };
        let place = &self.memory.place;
        let ended = SyncExecution {
            execution_arn: place.execution_arn(&name, &execution.name),
            state_machine_arn: place.machine_arn(&name),
            name: execution.given_name().to_owned(),
            status: execution.status,
            start_date: execution.started_at,
            stop_date: execution.stopped_at.unwrap_or(execution.started_at),
            input,
            output,
            error,
            cause,
        };
        self.out.ended.push((execution.id, ended));
        Ok(())
    }

    /// Answers the clients whose executions have ended in this transaction.
    pub(crate) fn answer_ended(&mut self) {
        for (id, ended) in std::mem::take(&mut self.out.ended) {
            if let Some(reply) = self.memory.synchronous.remove(&id) {
                self.out.reply(reply, Ok(ended));
            }
        }
    }
}
