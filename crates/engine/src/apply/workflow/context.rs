//! What executions may touch: all that calls may, and the tables of executions, their frames and their definitions.

use std::sync::Arc;

use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::id::{ExecutionId, RevisionId};
use rampmeter_store::model::token::TokenSeal;
use rampmeter_store::{ExecutionTables, FrameTables, Ledger, MachineTables, Store, StoreError};

use crate::apply::calls::context::CallContext;
use crate::apply::journal::Journal;
use crate::apply::subject::Subject;
use crate::memory::WorkflowMemory;
use rampmeter_index::Machine;

/// The context of everything that is done with executions.
#[derive(Debug)]
pub(crate) struct WorkflowContext<'t> {
    pub(crate) calls: CallContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
    pub(crate) ledger: Ledger<'t>,
    pub(crate) memory: &'t mut WorkflowMemory,
    pub(crate) arns: &'t ArnScope,
    pub(crate) seal: &'t TokenSeal,
}

/// The tables that executions need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkflowStore<'t> {
    pub(crate) executions: ExecutionTables<'t>,
    pub(crate) frames: FrameTables<'t>,
    pub(crate) machines: MachineTables<'t>,
}

impl<'t> WorkflowStore<'t> {
    pub(crate) fn of(store: &'t Store) -> WorkflowStore<'t> {
        WorkflowStore {
            executions: store.executions(),
            frames: store.frames(),
            machines: store.machines(),
        }
    }
}

impl WorkflowContext<'_> {
    /// The revision of a state machine that an execution uses.
    pub(crate) fn machine(&mut self, id: RevisionId) -> Result<Arc<Machine>, StoreError> {
        let machines = &mut self.memory.machines;
        machines.revision(id, self.store.machines, self.arns)
    }

    /// The revision that new executions of the state machine with this name start with.
    pub(crate) fn newest_machine(
        &mut self,
        name: &str,
    ) -> Result<Option<Arc<Machine>>, StoreError> {
        let machines = &mut self.memory.machines;
        machines.newest(name, self.store.machines, self.arns)
    }

    /// Gives an execution a command of its own after this transaction, unless one is already waiting.
    pub(crate) fn go_on_later(&mut self, id: ExecutionId) {
        if self.memory.continuing.insert(id) {
            self.journal_mut().out.continuing.push(id);
        }
    }
}

impl Subject for WorkflowContext<'_> {
    fn ledger(&self) -> Ledger<'_> {
        self.ledger
    }

    fn journal(&self) -> &Journal {
        self.calls.journal()
    }

    fn journal_mut(&mut self) -> &mut Journal {
        self.calls.journal_mut()
    }

    fn read_again(&mut self) -> Result<(), StoreError> {
        self.calls.read_again()?;
        self.memory.read_again(self.ledger, self.store.machines)?;
        // What had been taken out of the table to be done is in it again.
        for id in self.store.executions.continuing()? {
            self.go_on_later(id);
        }
        Ok(())
    }
}
