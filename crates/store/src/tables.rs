//! The tables by subject: what each part of the engine may touch in the store is determined by the handle that it is given.
//! A handle is the writing connection and nothing else; the queries of each table are in the folders beside this file.

use rusqlite::Connection;

use crate::connection::Store;
use crate::error::StoreFailure;

/// What every part of a transaction needs: savepoints, the numbers that rows are given, and the list of what could not be
/// read.
#[derive(Debug, Clone, Copy)]
pub struct Ledger<'s> {
    pub(crate) connection: &'s Connection,
}

impl Ledger<'_> {
    /// Marks a point in the transaction to which it can be rolled back. Marks nest.
    pub fn mark(&self) -> Result<(), StoreFailure> {
        self.carry_out("SAVEPOINT mark")
    }

    /// Keeps what was written since the newest mark.
    pub fn keep(&self) -> Result<(), StoreFailure> {
        self.carry_out("RELEASE mark")
    }

    /// Rolls back what was written since the newest mark.
    pub fn take_back(&self) -> Result<(), StoreFailure> {
        self.carry_out("ROLLBACK TO mark")?;
        self.keep()
    }

    fn carry_out(&self, statement: &str) -> Result<(), StoreFailure> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

/// Permits, the slots that calls take in windows, jobs, and what became of calls.
#[derive(Debug, Clone, Copy)]
pub struct CallTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> CallTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> CallTables<'s> {
        CallTables { connection }
    }

    /// When the vendor counted the calls of each target.
    #[must_use]
    pub fn counted(self) -> CountedTables<'s> {
        CountedTables::of(self.connection)
    }
}

/// When the vendor counted the calls of each target.
#[derive(Debug, Clone, Copy)]
pub struct CountedTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> CountedTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> CountedTables<'s> {
        CountedTables { connection }
    }
}

/// The order of the calls in each lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> LaneTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> LaneTables<'s> {
        LaneTables { connection }
    }

    /// The lines of calls that a limit charges by itself.
    #[must_use]
    pub fn lines(self) -> LineTables<'s> {
        LineTables {
            connection: self.connection,
        }
    }
}

/// The calls that stand in the line of a tariff and a key, and those that stand aside.
#[derive(Debug, Clone, Copy)]
pub struct LineTables<'s> {
    pub(crate) connection: &'s Connection,
}

/// What people change, and dead letters.
#[derive(Debug, Clone, Copy)]
pub struct ControlTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> ControlTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> ControlTables<'s> {
        ControlTables { connection }
    }
}

/// Executions, their steps and timers, and what they wait for.
#[derive(Debug, Clone, Copy)]
pub struct ExecutionTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> ExecutionTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> ExecutionTables<'s> {
        ExecutionTables { connection }
    }
}

/// Branches, iterations and map runs.
#[derive(Debug, Clone, Copy)]
pub struct FrameTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> FrameTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> FrameTables<'s> {
        FrameTables { connection }
    }
}

/// State machines, their versions and aliases, activities, tags.
#[derive(Debug, Clone, Copy)]
pub struct MachineTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> MachineTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> MachineTables<'s> {
        MachineTables { connection }
    }
}

/// Queues and message move tasks.
#[derive(Debug, Clone, Copy)]
pub struct QueueTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> QueueTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> QueueTables<'s> {
        QueueTables { connection }
    }
}

/// Messages, who has received them, and their order.
#[derive(Debug, Clone, Copy)]
pub struct MessageTables<'s> {
    pub(crate) connection: &'s Connection,
}

impl<'s> MessageTables<'s> {
    pub(crate) fn of(connection: &'s Connection) -> MessageTables<'s> {
        MessageTables { connection }
    }
}

impl Store {
    /// What every part of a transaction needs: savepoints, the numbers that rows are given, and the list of what could not
    /// be read.
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger {
            connection: &self.connection,
        }
    }

    /// Permits, the slots that calls take in windows, jobs, and what became of calls.
    #[must_use]
    pub fn calls(&self) -> CallTables<'_> {
        CallTables::of(&self.connection)
    }

    /// The order of the calls in each lane.
    #[must_use]
    pub fn lanes(&self) -> LaneTables<'_> {
        LaneTables::of(&self.connection)
    }

    /// What people change, and dead letters.
    #[must_use]
    pub fn controls(&self) -> ControlTables<'_> {
        ControlTables::of(&self.connection)
    }

    /// Executions, their steps, timers, and what they wait for.
    #[must_use]
    pub fn executions(&self) -> ExecutionTables<'_> {
        ExecutionTables::of(&self.connection)
    }

    /// Branches, iterations and map runs.
    #[must_use]
    pub fn frames(&self) -> FrameTables<'_> {
        FrameTables::of(&self.connection)
    }

    /// State machines, their versions and aliases, activities, tags.
    #[must_use]
    pub fn machines(&self) -> MachineTables<'_> {
        MachineTables::of(&self.connection)
    }

    /// Queues and message move tasks.
    #[must_use]
    pub fn queues(&self) -> QueueTables<'_> {
        QueueTables::of(&self.connection)
    }

    /// Messages, who has received them, and their order.
    #[must_use]
    pub fn messages(&self) -> MessageTables<'_> {
        MessageTables::of(&self.connection)
    }
}
