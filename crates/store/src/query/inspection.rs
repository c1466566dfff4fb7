//! Scans the tables whose rows are found only by their keys: if a key is damaged, no query ever meets the row, and what it
//! stood for (a timer, a name, a branch) would be missing without notice. Any other row is met, and named, by whoever needs
//! it. Nothing is repaired here.

use rusqlite::Connection;

use super::Reader;
use crate::damaged::leave_out;
use crate::error::{Damaged, StoreError};
use crate::model::damaged::DamagedKind;
use crate::model::rejected::Rejected;

/// The tables whose rows are found only by their keys. Their rows are short: a million of them take some tens of megabytes.
const FOUND_BY_KEY: [&str; 10] = [
    "activity_task",
    "deduplication",
    "execution_name",
    "fifo",
    "fork",
    "frame",
    "machine_alias",
    "machine_version",
    "map_run",
    "timer",
];
/// Rows of one table that are named. A table that is damaged throughout needs no longer list.
const MAX_NAMED: u32 = 100;
/// Characters of a key that are shown.
const MAX_KEY: u32 = 200;

/// A column as its table declares it.
struct Column {
    name: String,
    /// `integer`, `text` or `blob`, as `typeof` names them.
    holds: String,
    nullable: bool,
    in_key: bool,
}

impl Column {
    /// The condition for a row in which it holds a value of another type.
    fn is_another(&self) -> String {
        let Column { name, holds, .. } = self;
        if self.nullable {
            format!("typeof(\"{name}\") NOT IN ('{holds}', 'null')")
        } else {
            format!("typeof(\"{name}\") <> '{holds}'")
        }
    }

    /// An SQL expression for the text that says what is wrong with it.
    fn complaint(&self) -> String {
        let Column { name, holds, .. } = self;
        format!("'its {name} is of type ' || typeof(\"{name}\") || ', not {holds}'")
    }
}

/// Scans the rows that are found only by their keys, and names those that hold a value of another type than their table
/// declares. Reads each row's header once, beside the writer.
///
/// # Errors
/// When the store cannot be read.
pub fn inspect_rows(reader: &Reader) -> Result<(), Rejected> {
    for table in FOUND_BY_KEY {
        // One table at a time, so that no snapshot is held for longer than one scan.
        reader.with(|connection| Ok(inspect(connection, table)?))?;
    }
    Ok(())
}

fn inspect(connection: &Connection, table: &str) -> Result<(), StoreError> {
    let columns = columns(connection, table)?;
    let key: Vec<_> = columns
        .iter()
        .filter(|column| column.in_key)
        .map(|Column { name, .. }| format!("'{name} ' || substr(quote(\"{name}\"), 1, {MAX_KEY})"))
        .collect();
    let wrong: Vec<_> = columns.iter().map(Column::is_another).collect();
    let complaints: Vec<_> = columns
        .iter()
        .map(|column| format!("WHEN {} THEN {}", column.is_another(), column.complaint()))
        .collect();
    let mut statement = connection.prepare(&format!(
        "SELECT {key}, CASE {complaints} END FROM {table} WHERE {wrong} LIMIT {MAX_NAMED}",
        key = key.join(" || ', ' || "),
        complaints = complaints.join(" "),
        wrong = wrong.join(" OR "),
    ))?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for row in rows {
        let (key, complaint): (String, String) = row?;
        let name = format!("the row of {table} with {key}");
        leave_out(DamagedKind::Row, name, Damaged(complaint));
    }
    Ok(())
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Column>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, lower(type), \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid",
    )?;
    let columns = statement.query_map([table], |row| {
        let in_key = row.get::<_, i64>(3)? > 0;
        Ok(Column {
            name: row.get(0)?,
            holds: row.get(1)?,
            nullable: !row.get::<_, bool>(2)? && !in_key,
            in_key,
        })
    })?;
    Ok(columns.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damaged::take_left_out;

    #[test]
    fn a_row_whose_key_is_of_another_type_is_named() {
        let connection = Connection::open_in_memory().unwrap();
        crate::format::make(&connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO timer VALUES (5, 1, 2, 0), (x'ff', 1, 3, 0);
                 INSERT INTO execution_name VALUES (7, 'seven');",
            )
            .unwrap();
        take_left_out();
        for table in FOUND_BY_KEY {
            inspect(&connection, table).unwrap();
        }
        let told: Vec<_> = take_left_out()
            .into_iter()
            .map(|left_out| format!("{}: {}", left_out.name, left_out.why))
            .collect();
        assert_eq!(
            told,
            [
                "the row of execution_name with hash 7, execution 'seven': its execution is of type text, not integer",
                "the row of timer with at X'FF', execution 1, event 3, kind 0: its at is of type blob, not integer",
            ]
        );
    }
}
