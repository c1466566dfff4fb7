//! Retention: what has ended is deleted after a time, a page in each transaction, so that the writer never stops for
//! it. Executions go with their child executions, histories and bodies, and outcomes of calls without a workflow with
//! their bodies. Dead letters stay until somebody redrives or discards them.

use std::time::Duration;

use rampmeter_dispatch::Time;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::{ExecutionRow, StoreError, StoreFailure};

use crate::apply::control::context::ControlContext;
use crate::apply::subject::Attempt;
use crate::apply::subject::Subject;

/// Executions, outcomes and steps that are deleted in one transaction.
const EXECUTIONS_AT_ONCE: u32 = 64;
const OUTCOMES_AT_ONCE: u32 = 256;
const STEPS_AT_ONCE: usize = 512;
/// Entries of the audit trail that are deleted in one transaction.
const ACTIONS_AT_ONCE: u32 = 512;

/// Longest time between two checks for something old enough.
const MAX_PAUSE: Duration = Duration::from_secs(60);

impl ControlContext<'_> {
    /// Deletes some of what is older than retention allows. Returns whether there is more. What cannot be read stays.
    pub(crate) fn forget_old(&mut self) -> Result<bool, StoreFailure> {
        if self.now() < self.memory.forget_at {
            return Ok(false);
        }
        match self.attempt(|control| Ok(control.forget_some()?))? {
            Attempt::Done(more) => Ok(more),
            Attempt::Refused(_) => Ok(false),
            Attempt::Damaged(damaged) => {
                self.memory.forget_at = self.now().saturating_add(MAX_PAUSE);
                self.note_damaged(DamagedKind::Row, damaged.to_string(), &damaged)?;
                Ok(false)
            }
        }
    }

    fn forget_some(&mut self) -> Result<bool, StoreError> {
        let retention = self.memory.retention;
        let micros = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
        let before = Time::from_micros(self.now().as_micros().saturating_sub(micros));
        let outcomes = self
            .workflow
            .calls
            .store
            .calls
            .delete_outcomes(before, OUTCOMES_AT_ONCE)?;
        for message in &outcomes {
            let bodies = self.workflow.calls.store.calls.delete_bodies_of(*message)?;
            self.journal_mut().out.unkept.extend(bodies);
        }
        let old = self
            .workflow
            .store
            .executions
            .ended_before(before.into(), EXECUTIONS_AT_ONCE)?;
        let mut left = EXECUTIONS_AT_ONCE;
        let mut more = old.len() == EXECUTIONS_AT_ONCE as usize;
        for execution in &old {
            if !self.forget_execution(execution, &mut left)? {
                more = true;
                break;
            }
        }
        more |= outcomes.len() == OUTCOMES_AT_ONCE as usize;
        more |= self
            .workflow
            .store
            .executions
            .delete_leftover(STEPS_AT_ONCE)?
            == STEPS_AT_ONCE;
        self.workflow
            .calls
            .store
            .calls
            .counted()
            .condense(self.now())?;
        more |= self
            .workflow
            .calls
            .store
            .controls
            .delete_actions(before.into(), ACTIONS_AT_ONCE)?
            == ACTIONS_AT_ONCE;
        if !more {
            let pause = (retention / 10).min(MAX_PAUSE);
            self.memory.forget_at = self.now().saturating_add(pause);
        }
        Ok(more)
    }

    /// Deletes an execution after its child executions, at most as many as are `left` to this transaction. Returns
    /// whether it is gone.
    fn forget_execution(&mut self, row: &ExecutionRow, left: &mut u32) -> Result<bool, StoreError> {
        loop {
            let children = self
                .workflow
                .store
                .executions
                .children_of(row.id, EXECUTIONS_AT_ONCE)?;
            if children.is_empty() {
                break;
            }
            for child in &children {
                if !self.forget_execution(child, left)? {
                    return Ok(false);
                }
            }
        }
        if *left == 0 {
            return Ok(false);
        }
        *left -= 1;
        let bodies = self.workflow.store.executions.delete_execution(row)?;
        self.journal_mut().out.unkept.extend(bodies);
        Ok(true)
    }
}
