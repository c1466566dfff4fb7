//! Rows of steps: appended, never moved, one chain for each execution. Any position in the chain is found in a number of
//! reads that grows with the logarithm of its length.

use rampmeter_asl::EventId;
use rampmeter_dispatch::Time;
use rusqlite::{Connection, Row};

use crate::column::{signed, unsigned};
use crate::connection::optional;
use crate::error::StoreError;
use crate::model::id::{ExecutionId, StepId};
use crate::tables::ExecutionTables;

/// One step, ready to be appended.
#[derive(Debug)]
pub struct StepRow<'a> {
    /// Its number.
    pub id: StepId,
    /// The execution that it is a step of.
    pub execution: ExecutionId,
    /// The step before it; absent for the first.
    pub previous: Option<StepId>,
    /// When it was made.
    pub at: Time,
    /// The number of its first event.
    pub first_event: EventId,
    /// Its record, as `rampmeter_asl::record` writes it.
    pub data: &'a str,
    /// The audit of the call that caused it, as JSON.
    pub call: Option<&'a str>,
}

/// A step's position in its chain.
#[derive(Debug, Clone, Copy)]
struct Link {
    previous: Option<StepId>,
    jump: Option<StepId>,
    depth: u64,
    first_event: EventId,
}

impl ExecutionTables<'_> {
    /// Appends a step to the chain of its execution.
    pub fn append_step(&self, step: &StepRow<'_>) -> Result<(), StoreError> {
        let (jump, depth) = match step.previous {
            None => (None, 1),
            Some(previous) => self.jump_after(previous)?,
        };
        self.connection
            .prepare_cached("INSERT INTO step VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute((
                step.id,
                step.execution,
                step.previous,
                jump,
                signed(depth),
                step.at.as_micros(),
                signed(step.first_event),
                step.data,
                step.call,
            ))?;
        Ok(())
    }

    /// Where the step after `previous` jumps to, and its depth.
    fn jump_after(&self, previous: StepId) -> Result<(Option<StepId>, u64), StoreError> {
        let link = link(self.connection, previous)?;
        let depth = link.depth + 1;
        let Some(jump) = link.jump else {
            return Ok((Some(previous), depth));
        };
        // Two jumps of the same length become one of twice that and one.
        let length = jump_length(link.depth);
        if length == jump_length(link.depth - length) {
            let further = crate::execution::step::link(self.connection, jump)?.jump;
            return Ok((Some(further.unwrap_or(jump)), depth));
        }
        Ok((Some(previous), depth))
    }

    /// The data of a step.
    pub fn step_data(&self, id: StepId) -> Result<String, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT data FROM step WHERE id = ?1")?;
        optional(statement.query_row([id], |row| row.get(0)))?.ok_or_else(|| missing(id))
    }

    /// The step that holds the event, in the chain that ends with `newest`.
    pub fn step_with(&self, newest: StepId, event: EventId) -> Result<Option<StepId>, StoreError> {
        Ok(steps_between(self.connection, newest, event, event)?
            .first()
            .copied())
    }

    /// The time of the newest step.
    pub fn newest_step_time(&self) -> Result<Option<Time>, StoreError> {
        let at = optional(self.connection.query_row(
            "SELECT at FROM step WHERE typeof(at) = 'integer' ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        ))?;
        Ok(at.map(Time::from_micros))
    }
}

impl ExecutionTables<'_> {
    /// See [`steps_between`].
    pub fn steps_between(
        &self,
        newest: StepId,
        low: EventId,
        high: EventId,
    ) -> Result<Vec<StepId>, StoreError> {
        steps_between(self.connection, newest, low, high)
    }
}

/// The steps that hold the events from `low` to `high`, oldest first, in the chain that ends with `newest`.
pub fn steps_between(
    connection: &Connection,
    newest: StepId,
    low: EventId,
    high: EventId,
) -> Result<Vec<StepId>, StoreError> {
    let mut steps = Vec::new();
    let mut next = Some(newest);
    // Goes back to the newest step that begins at `high` or before it.
    while let Some(id) = next {
        let place = link(connection, id)?;
        if place.first_event <= high {
            break;
        }
        next = match place.jump {
            Some(jump) if link(connection, jump)?.first_event > high => Some(jump),
            _ => place.previous,
        };
    }
    while let Some(id) = next {
        let place = link(connection, id)?;
        steps.push(id);
        if place.first_event <= low {
            break;
        }
        next = place.previous;
    }
    steps.reverse();
    Ok(steps)
}

fn link(connection: &Connection, id: StepId) -> Result<Link, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT previous, jump, depth, first_event FROM step WHERE id = ?1")?;
    let read = |row: &Row<'_>| {
        Ok(Link {
            previous: row.get(0)?,
            jump: row.get(1)?,
            depth: unsigned(row, 2)?,
            first_event: unsigned(row, 3)?,
        })
    };
    optional(statement.query_row([id], read))?.ok_or_else(|| missing(id))
}

/// How far back the step at this depth jumps; 0 for the first. It follows from the depth less one, written in skew binary:
/// the lowest digit that is not zero gives a jump of its own weight.
fn jump_length(depth: u64) -> u64 {
    let mut left = depth - 1;
    let mut length = 0;
    while left > 0 {
        // The greatest weight 2^k - 1 that is at most what is left.
        let bits = u64::BITS - (left + 1).leading_zeros() - 1;
        length = (1 << bits) - 1;
        left -= length;
    }
    length
}

fn missing(id: StepId) -> StoreError {
    StoreError::damaged(format!("step {} is missing", id.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Store;

    fn chain(store: &Store, length: u64) -> StepId {
        for number in 1..=length {
            let id = StepId(signed(number));
            let step = StepRow {
                id,
                execution: ExecutionId(1),
                previous: (number > 1).then(|| StepId(id.0 - 1)),
                at: Time::from_micros(0),
                // Three events in each step.
                first_event: number * 3 - 2,
                data: "",
                call: None,
            };
            store.executions().append_step(&step).unwrap();
        }
        StepId(signed(length))
    }

    #[test]
    fn any_stretch_of_a_long_chain_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("rampmeter.db")).unwrap();
        let newest = chain(&store, 200);
        for low in [1, 2, 3, 4, 299, 300, 598, 600] {
            for high in [low, low + 1, low + 7, 600] {
                let high = high.min(600);
                let found = steps_between(&store.connection, newest, low, high).unwrap();
                let expected: Vec<StepId> = (low.div_ceil(3)..=high.div_ceil(3))
                    .map(|number| StepId(signed(number)))
                    .collect();
                assert_eq!(found, expected, "{low} to {high}");
            }
        }
    }

    #[test]
    fn the_first_step_of_a_long_chain_is_a_few_jumps_away() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("rampmeter.db")).unwrap();
        let mut at = chain(&store, 5_000);
        let mut jumps = 0;
        while let Some(jump) = link(&store.connection, at).unwrap().jump {
            let place = link(&store.connection, at).unwrap();
            assert_eq!(
                at.0 - jump.0,
                signed(jump_length(place.depth)),
                "the length follows from the depth"
            );
            at = jump;
            jumps += 1;
        }
        assert_eq!(at, StepId(1));
        assert!(jumps <= 26, "{jumps}");
    }
}
