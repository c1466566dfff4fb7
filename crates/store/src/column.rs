//! Reading and writing SQLite's integers, which are signed and have 64 bits. A moment is stored in the unit of its column
//! and comes out as the type of that unit.

use rampmeter_dispatch::Time;
use rampmeter_time::UnixMillis;
use rusqlite::Row;

/// SQLite's integers are signed; event ids never come near the half that they cannot hold.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("event ids and counts stay below 2^63")
}

/// The reverse of `signed`, of column `index`.
pub(crate) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

/// The moment in column `index`, which is in milliseconds.
pub(crate) fn millis(row: &Row<'_>, index: usize) -> rusqlite::Result<UnixMillis> {
    row.get(index).map(UnixMillis)
}

/// The same of a column that may be NULL.
pub(crate) fn optional_millis(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<UnixMillis>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(UnixMillis))
}

/// The moment in column `index`, which is in microseconds.
pub(crate) fn micros(row: &Row<'_>, index: usize) -> rusqlite::Result<Time> {
    row.get(index).map(Time::from_micros)
}

/// The same of a column that may be NULL.
pub(crate) fn optional_micros(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Time>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Time::from_micros))
}
