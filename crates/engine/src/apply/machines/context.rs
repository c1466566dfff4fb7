//! What changes to state machines may touch: their tables and the compiled revisions, but no execution.

use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::{Ledger, MachineTables, StoreError};

use crate::apply::journal::Journal;
use crate::apply::subject::Subject;
use rampmeter_index::Machines;

/// The context of everything that is done with state machines, their versions and their aliases.
#[derive(Debug)]
pub(crate) struct MachineContext<'t> {
    pub(crate) store: MachineStore<'t>,
    pub(crate) ledger: Ledger<'t>,
    pub(crate) memory: &'t mut Machines,
    pub(crate) journal: &'t mut Journal,
    pub(crate) arns: &'t ArnScope,
}

/// The tables that state machines need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MachineStore<'t> {
    pub(crate) machines: MachineTables<'t>,
}

impl Subject for MachineContext<'_> {
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
        self.memory.forget();
        Ok(())
    }
}
