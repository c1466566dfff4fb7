//! What people's changes and retention may touch: all that executions and calls may.

use rampmeter_store::{Ledger, StoreError};

use crate::apply::journal::Journal;
use crate::apply::subject::Subject;
use crate::apply::workflow::context::WorkflowContext;
use crate::memory::ControlMemory;

/// The context of changes by people while the server runs, and of retention.
#[derive(Debug)]
pub(crate) struct ControlContext<'t> {
    pub(crate) workflow: WorkflowContext<'t>,
    pub(crate) memory: &'t mut ControlMemory,
}

impl Subject for ControlContext<'_> {
    fn ledger(&self) -> Ledger<'_> {
        self.workflow.ledger()
    }

    fn journal(&self) -> &Journal {
        self.workflow.journal()
    }

    fn journal_mut(&mut self) -> &mut Journal {
        self.workflow.journal_mut()
    }

    fn read_again(&mut self) -> Result<(), StoreError> {
        self.workflow.read_again()
    }
}
