//! Numbers for rows: given out in order and never twice, even if their rows have since been deleted. They are taken from the
//! store a block at a time, so that giving one out costs nothing.

use rusqlite::Connection;

use crate::connection::optional;
use crate::error::StoreFailure;
use crate::tables::Ledger;

/// Numbers taken at a time. What is left of a block when the process ends is never used.
const BLOCK: i64 = 1_000_000;

/// Further than all the numbers that a store can have given out and forgotten: a million blocks.
const FAR: i64 = 1_000_000 * BLOCK;

/// What the numbers are for.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Executions.
    Execution,
    /// Messages, which are calls where their queue is a lane.
    Message,
    /// Permits, and the files of answers.
    Permit,
    /// Steps of executions.
    Step,
}

impl Kind {
    /// The table whose rows have these numbers.
    fn table(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::Message => "message",
            Self::Permit => "permit",
            Self::Step => "step",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Execution => "next execution",
            Self::Message => "next message",
            Self::Permit => "next permit",
            Self::Step => "next step",
        }
    }
}

/// One sequence of numbers, from 1.
#[derive(Debug)]
pub struct Sequence {
    kind: Kind,
    next: i64,
    end: i64,
}

impl Sequence {
    /// A sequence that takes its first block at the first request.
    pub fn new(kind: Kind) -> Sequence {
        Sequence {
            kind,
            next: 0,
            end: 0,
        }
    }

    /// The next number. A new block is taken inside the open transaction.
    pub fn take(&mut self, ledger: Ledger<'_>) -> Result<i64, StoreFailure> {
        if self.next == self.end {
            self.next = ledger.take_block(self.kind.name())?;
            self.end = self.next + BLOCK;
        }
        let number = self.next;
        self.next += 1;
        Ok(number)
    }

    /// Notes the block again, after the transaction was rolled back to a point before it was taken.
    pub fn note_again(&self, ledger: Ledger<'_>) -> Result<(), StoreFailure> {
        if self.end == 0 {
            return Ok(());
        }
        ledger.note_block(self.kind.name(), self.end)
    }
}

impl Sequence {
    /// Moves all sequences of a store that nobody has opened forward by `lot` blocks and one.
    pub(crate) fn go_on_beyond(connection: &Connection, lot: i64) -> rusqlite::Result<()> {
        let skipped = (lot + 1) * BLOCK;
        for kind in [Kind::Execution, Kind::Message, Kind::Permit, Kind::Step] {
            connection.execute(
                "INSERT INTO meta (name, value) VALUES (?1, 1 + ?2) \
                 ON CONFLICT DO UPDATE SET value = value + ?2",
                (kind.name(), skipped),
            )?;
        }
        Ok(())
    }
}

impl Ledger<'_> {
    /// Moves the sequences whose next number cannot be read or is missing far beyond every number that is known to be taken.
    /// Returns the names of their rows.
    ///
    /// # Errors
    /// When the store failed.
    pub fn mend_sequences(&self) -> Result<Vec<&'static str>, StoreFailure> {
        let mut mended = Vec::new();
        for kind in [Kind::Execution, Kind::Message, Kind::Permit, Kind::Step] {
            let query = format!("SELECT coalesce(max(id), 0) FROM {}", kind.table());
            let taken: i64 = self.connection.query_row(&query, [], |row| row.get(0))?;
            let mut next = self.connection.prepare(
                "SELECT typeof(value) = 'integer' AND value > ?2 FROM meta WHERE name = ?1",
            )?;
            let is_sound = optional(next.query_row((kind.name(), taken), |row| row.get(0)))?;
            if !is_sound.unwrap_or(taken == 0) {
                self.note_block(kind.name(), taken.saturating_add(FAR))?;
                mended.push(kind.name());
            }
        }
        Ok(mended)
    }

    fn take_block(&self, name: &str) -> Result<i64, StoreFailure> {
        let query = "SELECT value FROM meta WHERE name = ?1";
        let next: Option<i64> =
            optional(self.connection.query_row(query, [name], |row| row.get(0)))?;
        let next = next.unwrap_or(1);
        self.note_block(name, next + BLOCK)?;
        Ok(next)
    }

    fn note_block(&self, name: &str, end: i64) -> Result<(), StoreFailure> {
        self.connection.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) \
             ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, end),
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Store;

    #[test]
    fn a_number_is_never_given_twice_even_when_the_store_is_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rampmeter.db");
        let mut given = Vec::new();
        for _ in 0..3 {
            let store = Store::open(&path).unwrap();
            let mut sequence = Sequence::new(Kind::Message);
            given.push(sequence.take(store.ledger()).unwrap());
            given.push(sequence.take(store.ledger()).unwrap());
        }
        assert!(given.windows(2).all(|pair| pair[0] < pair[1]), "{given:?}");
        assert_eq!(given[0], 1);
    }
}
