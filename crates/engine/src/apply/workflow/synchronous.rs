//! StartSyncExecution: the client that starts an execution of an EXPRESS state machine gets its end as the response.
//! Who waits is known in memory only: the execution itself is as durable as any other, and goes on without its client.

use rampmeter_asl::End;
use rampmeter_store::model::execution::{StartExecution, SyncExecution};
use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::state_machine::MachineKind;
use rampmeter_store::stored_input;
use rampmeter_store::{
    ExecutionRow, Readable, StoreError, StoreFailure, TransactionError, readable,
};

use crate::apply::subject::Attempt;
use crate::apply::subject::Subject;
use crate::apply::workflow::context::WorkflowContext;
use crate::apply::workflow::execution::Start;
use crate::apply::workflow::work::BUDGET;
use crate::command::Reply;

/// Clients that may wait at once.
const MAX_WAITING: usize = 20_000;

impl WorkflowContext<'_> {
    pub(crate) fn start_sync_execution(
        &mut self,
        start: &StartExecution,
        reply: Reply<SyncExecution>,
    ) -> Result<(), StoreFailure> {
        let refused = match self.attempt(|workflow| workflow.start_awaited(start))? {
            Attempt::Done(execution) => {
                self.memory.synchronous.insert(execution, reply);
                return Ok(());
            }
            Attempt::Refused(refused) => refused,
            Attempt::Damaged(damaged) => self.refuse_damaged(&damaged)?,
        };
        self.reply(reply, Err(refused));
        Ok(())
    }

    /// Starts an execution whose client waits for its end. It may have ended when this returns.
    fn start_awaited(&mut self, start: &StartExecution) -> Result<ExecutionId, TransactionError> {
        let (machine, origin) = self.starts().resolve(&start.state_machine_arn)?;
        if machine.kind == MachineKind::Standard {
            return Err(Rejected::StateMachineTypeNotSupported.into());
        }
        if self.memory.synchronous.len() >= MAX_WAITING {
            let what = format!("At most {MAX_WAITING} synchronous executions can run at once.");
            return Err(Rejected::QuotaExceeded(what).into());
        }
        let Start::New(new) = self.starts().prepare(machine, start, origin)? else {
            unreachable!("an EXPRESS execution is always a new one");
        };
        let id = new.execution.id;
        self.starts().begin_new(*new, BUDGET)?;
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
        let name = self.store.machines.machine_name(execution.revision)?;
        let input = match readable(stored_input(self.store.executions, execution))? {
            Readable::Whole(input) => input.text().to_owned(),
            // It has failed for that reason, and its cause says so.
            Readable::Damaged(_) => String::new(),
        };
        let (output, error, cause) = match end {
            End::Succeeded { output } => (Some(output.text().to_owned()), None, None),
            End::Failed { error, cause }
            | End::TimedOut { error, cause }
            | End::Aborted { error, cause } => (None, error.clone(), cause.clone()),
        };
        let place = self.arns;
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
        self.journal_mut().out.ended.push((execution.id, ended));
        Ok(())
    }

    /// Answers the clients whose executions have ended in this transaction.
    pub(crate) fn answer_ended(&mut self) {
        for (id, ended) in std::mem::take(&mut self.journal_mut().out.ended) {
            if let Some(reply) = self.memory.synchronous.remove(&id) {
                self.reply(reply, Ok(ended));
            }
        }
    }
}
