//! What the operations on queues may touch: the tables of queues and messages, and the memory of queues. Nothing of
//! targets, calls or executions, except the bodies of messages, which may lie in the step that sent them.

use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{ExecutionTables, Ledger, MessageTables, QueueTables, Store, StoreError};

use crate::apply::journal::Journal;
use crate::apply::subject::Subject;
use crate::memory::QueueMemory;

/// The context of everything that is done with queues.
#[derive(Debug)]
pub(crate) struct QueueContext<'t> {
    pub(crate) store: QueueStore<'t>,
    pub(crate) ledger: Ledger<'t>,
    pub(crate) memory: &'t mut QueueMemory,
    pub(crate) journal: &'t mut Journal,
    pub(crate) arns: &'t ArnScope,
    pub(crate) seal: &'t TokenSeal,
}

/// The tables that queues need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueStore<'t> {
    pub(crate) queues: QueueTables<'t>,
    pub(crate) messages: MessageTables<'t>,
    /// For the bodies of messages that lie in steps.
    pub(crate) executions: ExecutionTables<'t>,
}

impl<'t> QueueStore<'t> {
    pub(crate) fn of(store: &'t Store) -> QueueStore<'t> {
        QueueStore {
            queues: store.queues(),
            messages: store.messages(),
            executions: store.executions(),
        }
    }
}

impl Subject for QueueContext<'_> {
    fn ledger(&self) -> Ledger<'_> {
        self.ledger
    }

    fn journal(&self) -> &Journal {
        self.journal
    }

    fn journal_mut(&mut self) -> &mut Journal {
        self.journal
    }

    fn read_again(&mut self) -> Result<(), StoreError> {
        self.memory.read_again(self.ledger, self.store.queues)
    }
}
