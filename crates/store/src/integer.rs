//! Numbers as SQLite has them: signed, of 64 bits.

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
