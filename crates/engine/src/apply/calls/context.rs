//! What calls may touch: all that queues may, and the tables and the targets of calls. A call that ends leaves a
//! pending stimulus for its execution and never moves it; of executions it may only see whether they still wait.

use rampmeter_asl::EventId;
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::{ExecutionId, TargetId};
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{
    CallTables, ControlTables, ExecutionTables, FrameTables, LaneTables, Ledger, MessageTables,
    Store, StoreError,
};

use crate::apply::journal::Journal;
use crate::apply::queues::context::QueueContext;
use crate::apply::subject::Subject;
use crate::memory::CallMemory;
use rampmeter_index::Target;

/// The context of everything that is done with calls.
#[derive(Debug)]
pub(crate) struct CallContext<'t> {
    pub(crate) queue: QueueContext<'t>,
    pub(crate) store: CallStore<'t>,
    pub(crate) ledger: Ledger<'t>,
    pub(crate) memory: &'t mut CallMemory,
    /// A message was made ready since this was last cleared.
    pub(crate) made_ready: &'t mut bool,
    pub(crate) arns: &'t ArnScope,
    pub(crate) seal: &'t TokenSeal,
}

/// The tables that calls need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallStore<'t> {
    pub(crate) calls: CallTables<'t>,
    pub(crate) lanes: LaneTables<'t>,
    pub(crate) messages: MessageTables<'t>,
    pub(crate) controls: ControlTables<'t>,
    /// To find who waits for a call, and the body that it sends.
    pub(crate) executions: ExecutionTables<'t>,
    pub(crate) frames: FrameTables<'t>,
}

impl<'t> CallStore<'t> {
    pub(crate) fn of(store: &'t Store) -> CallStore<'t> {
        CallStore {
            calls: store.calls(),
            lanes: store.lanes(),
            messages: store.messages(),
            controls: store.controls(),
            executions: store.executions(),
            frames: store.frames(),
        }
    }
}

impl CallContext<'_> {
    /// A target by its number, which came from our own rows or commands.
    pub(crate) fn target(&mut self, id: TargetId) -> &mut Target {
        self.memory
            .targets
            .get_mut(&id)
            .expect("a queue or permit in use belongs to a target")
    }

    /// Whether the task with this event still waits. Stimuli pending for its execution are not taken into account.
    pub(crate) fn waits_for(
        &self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<bool, StoreError> {
        let Some(row) = self.store.executions.execution(execution)? else {
            return Ok(false);
        };
        if row.status != ExecutionStatus::Running || row.waits_for == event || row.frames == 0 {
            return Ok(row.status == ExecutionStatus::Running && row.waits_for == event);
        }
        let frame = self.store.frames.frame_waiting_for(execution, event)?;
        Ok(frame.is_some())
    }
}

impl Subject for CallContext<'_> {
    fn ledger(&self) -> Ledger<'_> {
        self.ledger
    }

    fn journal(&self) -> &Journal {
        self.queue.journal
    }

    fn journal_mut(&mut self) -> &mut Journal {
        self.queue.journal
    }

    fn read_again(&mut self) -> Result<(), StoreError> {
        self.queue.read_again()?;
        let CallStore {
            calls,
            lanes,
            messages,
            ..
        } = self.store;
        self.memory.read_again(self.ledger, messages, lanes, calls)
    }
}
