//! GetExecutionHistory: the events of one execution, a page at a time, either end first.

use rampmeter_asl::Event;
use rusqlite::Connection;

use super::page::{page_size, page_start, page_token};
use super::{Reader, step_events};
use crate::id::StepId;
use crate::rejected::Rejected;
use crate::request::{GetExecutionHistory, HistoryPage, Page};
use crate::store::{StoreError, optional};

impl Reader {
    pub(crate) fn execution_history(
        &self,
        request: &GetExecutionHistory,
    ) -> Result<HistoryPage, Rejected> {
        let size = page_size(request.max_results) as usize;
        let from = page_start(request.next_token.as_deref(), -1)?;
        self.with(|connection| {
            let row = match self.find(connection, &request.execution_arn)? {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            };
            let newest = i64::try_from(row.events).unwrap_or(i64::MAX);
            let width = i64::try_from(size).unwrap_or(i64::MAX);
            let (low, high) = if request.reverse_order {
                let high = if from < 0 { newest } else { from.min(newest) };
                (high.saturating_sub(width - 1).max(1), high)
            } else {
                let low = from.max(1);
                (low, low.saturating_add(width - 1).min(newest))
            };
            let mut items = events_between(connection, row.last_step, low, high)?;
            let next = if request.reverse_order {
                items.reverse();
                (low > 1).then(|| page_token(low - 1))
            } else {
                (high < newest).then(|| page_token(high + 1))
            };
            Ok(Ok(Page {
                items,
                next_token: next,
            }))
        })
    }
}

/// The events with ids from `low` to `high`, oldest first, found by following the steps back from the newest.
pub(super) fn events_between(
    connection: &Connection,
    newest: StepId,
    low: i64,
    high: i64,
) -> Result<Vec<Event>, StoreError> {
    let mut links =
        connection.prepare_cached("SELECT previous, first_event FROM step WHERE id = ?1")?;
    let mut steps = Vec::new();
    let mut next = Some(newest);
    while let Some(id) = next {
        let link: Option<(Option<StepId>, i64)> =
            optional(links.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))))?;
        let (previous, first) =
            link.ok_or_else(|| StoreError::Damaged(format!("step {} is missing", id.0)))?;
        if first <= high {
            steps.push(id);
        }
        if first <= low {
            break;
        }
        next = previous;
    }
    let mut events = Vec::new();
    for id in steps.into_iter().rev() {
        events.extend(step_events(connection, id)?);
    }
    events.retain(|event| (low..=high).contains(&i64::try_from(event.id).unwrap_or(i64::MAX)));
    Ok(events)
}
