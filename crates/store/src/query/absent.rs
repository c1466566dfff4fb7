//! Targets that have messages in the store but are not in the configuration: their calls wait until they are configured
//! again under the same name.

use crate::damaged::or_left_out;
use crate::error::StoreError;
use crate::model::rejected::Rejected;
use crate::query::Reader;

/// A target that the configuration no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentTarget {
    /// Name of the target.
    pub name: String,
    /// Its waiting messages, in all lanes.
    pub messages: u64,
}

impl Reader {
    /// The targets that have waiting messages and that `is_configured` does not know, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn absent_targets(
        &self,
        is_configured: impl Fn(&str) -> bool,
    ) -> Result<Vec<AbsentTarget>, Rejected> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT id, name FROM target ORDER BY name")?;
            let mut targets = statement.query([])?;
            let mut absent = Vec::new();
            while let Some(row) = targets.next()? {
                let id: i64 = row.get(0)?;
                let name = row.get::<_, String>(1).map_err(StoreError::from);
                let Some(name) = or_left_out(name, &format!("target {id}"))? else {
                    continue;
                };
                if is_configured(&name) {
                    continue;
                }
                let mut statement = connection.prepare_cached(
                    "SELECT (SELECT count(*) FROM ready JOIN queue ON queue.id = ready.queue
                             WHERE queue.target = ?1 AND queue.lane < 3)
                          + (SELECT count(*) FROM delayed JOIN message ON message.id = delayed.message
                             JOIN queue ON queue.id = message.queue
                             WHERE queue.target = ?1 AND queue.lane < 3)",
                )?;
                let messages: i64 = statement.query_row([id], |row| row.get(0))?;
                if messages > 0 {
                    absent.push(AbsentTarget {
                        name,
                        messages: messages.unsigned_abs(),
                    });
                }
            }
            Ok(absent)
        })
    }
}
