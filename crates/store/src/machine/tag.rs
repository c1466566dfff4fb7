//! The tags of state machines and activities, kept in their rows as one JSON object.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::connection::optional;
use crate::error::StoreError;
use crate::model::arn::Tagged;
use crate::tables::MachineTables;

/// The tags of a resource; `None` if it does not exist.
pub fn tags(
    connection: &Connection,
    of: Tagged<'_>,
) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let (query, name) = match of {
        Tagged::Machine(name) => (
            "SELECT tags FROM state_machine WHERE name = ?1 AND deleted_at IS NULL",
            name,
        ),
        Tagged::Activity(name) => ("SELECT tags FROM activity WHERE name = ?1", name),
    };
    let mut statement = connection.prepare_cached(query)?;
    let found: Option<String> = optional(statement.query_row([name], |row| row.get(0)))?;
    found
        .map(|text| {
            serde_json::from_str(&text)
                .map_err(|error| StoreError::damaged(format!("the tags of {name}: {error}")))
        })
        .transpose()
}

impl MachineTables<'_> {
    /// The tags of a state machine or an activity; none if it does not exist.
    pub fn tags(&self, of: Tagged<'_>) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        tags(self.connection, of)
    }

    /// Writes the tags of a state machine or an activity.
    pub fn set_tags(
        &self,
        of: Tagged<'_>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let text = serde_json::json!(tags).to_string();
        let (query, name) = match of {
            Tagged::Machine(name) => (
                "UPDATE state_machine SET tags = ?2 WHERE name = ?1 AND deleted_at IS NULL",
                name,
            ),
            Tagged::Activity(name) => ("UPDATE activity SET tags = ?2 WHERE name = ?1", name),
        };
        self.connection.execute(query, (name, text))?;
        Ok(())
    }
}
