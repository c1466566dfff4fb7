//! GetExecutionHistory: the events of one execution, a page at a time, from either end. The cost of a page depends on what
//! it returns, not on where in the history it is.

use rampmeter_asl::{Event, EventId};
use rusqlite::Connection;

use crate::error::StoreError;
use crate::execution::step::steps_between;
use crate::model::execution::{GetExecutionHistory, HistoryPage};
use crate::model::id::StepId;
use crate::model::page::Page;
use crate::model::rejected::Rejected;
use crate::query::page::{page_size, page_start, page_token};
use crate::query::{Reader, step_events};

/// Stored bytes after which a page ends early, so that a thousand events with the largest data do not fill memory.
const MAX_PAGE_BYTES: usize = 4 << 20;

impl Reader {
    /// GetExecutionHistory.
    pub fn execution_history(
        &self,
        request: &GetExecutionHistory,
    ) -> Result<HistoryPage, Rejected> {
        let size = u64::from(page_size(request.max_results));
        let from = page_start(request.next_token.as_deref(), 0)?.unsigned_abs();
        self.with(|connection| {
            let row = self.find(connection, &request.execution_arn)?;
            let newest = row.events;
            let (low, high) = if request.reverse_order {
                let high = if from == 0 { newest } else { from.min(newest) };
                (high.saturating_sub(size - 1).max(1), high)
            } else {
                let low = from.max(1);
                (low, low.saturating_add(size - 1).min(newest))
            };
            if low > high {
                return Ok(Page {
                    items: Vec::new(),
                    next_token: None,
                });
            }
            let mut steps = steps_between(connection, row.last_step, low, high)?;
            if request.reverse_order {
                steps.reverse();
            }
            let within = |event: &Event| (low..=high).contains(&event.id);
            let mut items: Vec<Event> = Vec::new();
            let mut bytes = 0;
            for step in steps {
                if bytes > MAX_PAGE_BYTES {
                    break;
                }
                let (mut events, length) = step_events(connection, step)?;
                bytes += length;
                if request.reverse_order {
                    events.reverse();
                }
                items.extend(events.into_iter().filter(within));
            }
            let last = items.last().map_or(0, |event| event.id);
            let next = if request.reverse_order {
                (last > 1).then(|| last - 1)
            } else {
                (0 < last && last < newest).then(|| last + 1)
            };
            Ok(Page {
                items,
                next_token: next.map(|next| page_token(i64::try_from(next).unwrap_or(i64::MAX))),
            })
        })
    }
}

/// The events with ids from `low` to `high`, oldest first.
pub(super) fn events_between(
    connection: &Connection,
    newest: StepId,
    low: EventId,
    high: EventId,
) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for id in steps_between(connection, newest, low, high)? {
        events.extend(step_events(connection, id)?.0);
    }
    events.retain(|event| (low..=high).contains(&event.id));
    Ok(events)
}
