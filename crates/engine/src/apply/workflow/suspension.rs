//! Steps that take more work than the writer may do. Such a step is dropped before any of it has taken effect. What it
//! needs is taken down and evaluated beside the writer (`rampmeter_evaluation`), and the execution is suspended until
//! the result arrives: whatever else it is told meanwhile waits in its list of things to do, in order. Only its end
//! overtakes them, and then the result is dropped. The whole list is on disk, so that a start evaluates again what an
//! earlier process did not finish.

use std::collections::BTreeSet;
use std::sync::Arc;

use rampmeter_asl::{Effort, Reach, Stimulus};
use rampmeter_dispatch::Time;
use rampmeter_evaluation::{Evaluated, Evaluation, FrozenContext, Host, Question};
use rampmeter_store::model::arn::activity_name;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::{Damaged, StoreError, StoreFailure, TransactionError};

use crate::apply::outbox::Suspension;
use crate::apply::pending::Pending;
use crate::apply::subject::Subject;
use crate::apply::workflow::step::Steps;
use crate::apply::workflow::work::{Moving, Work};

impl Steps<'_, '_> {
    /// Whether an execution is suspended, so that its stimuli must wait.
    pub(crate) fn is_suspended(&self, id: ExecutionId) -> bool {
        let mut suspended = self.workflow.journal().out.suspended.iter();
        self.workflow.memory.evaluations.is_suspended(id)
            || suspended.any(|suspended| suspended.execution == id)
    }

    /// Whether something is being evaluated for an execution, without which it cannot go on.
    pub(crate) fn is_evaluating(&self, id: ExecutionId) -> bool {
        let mut suspended = self.workflow.journal().out.suspended.iter();
        self.workflow.memory.evaluations.is_under_way(id)
            || suspended
                .any(|suspended| suspended.execution == id && suspended.evaluation.is_some())
    }

    /// Ends the suspension of an execution. Returns whether it was suspended.
    pub(crate) fn end_suspension(&mut self, id: ExecutionId) -> bool {
        let was_suspended = self.is_suspended(id);
        self.workflow.memory.evaluations.end_suspension(id);
        self.workflow
            .journal_mut()
            .out
            .suspended
            .retain(|suspended| suspended.execution != id);
        was_suspended
    }

    /// Gives an execution a command of its own. Until then it is told nothing that is newer than what it is still to be told.
    pub(crate) fn go_on_in_order(&mut self, execution: ExecutionId) {
        if !self.is_suspended(execution) {
            self.workflow.journal_mut().out.suspended.push(Suspension {
                execution,
                evaluation: None,
            });
        }
        self.workflow.go_on_later(execution);
    }

    /// Counts the work of an evaluation on the writer.
    pub(crate) fn note_evaluated(&self, effort: &Effort) {
        let evaluated = &self.workflow.journal().evaluated;
        evaluated.set(evaluated.get().saturating_add(effort.spent()));
    }

    /// Takes down what an evaluation may depend on. An execution for which there is no room waits.
    pub(crate) fn take_down(
        &self,
        moving: &Moving,
        question: Question,
    ) -> Result<Suspension, StoreError> {
        let execution = moving.row.id;
        let suspended = self.workflow.journal().out.suspended.iter();
        let begun = suspended
            .filter(|suspended| suspended.evaluation.is_some())
            .count();
        if !self.workflow.memory.evaluations.has_room_for(begun + 1) {
            return Ok(Suspension {
                execution,
                evaluation: None,
            });
        }
        let (parent, is_joined) = match &question {
            Question::Advance {
                frame, stimulus, ..
            } => {
                let is_joined = matches!(stimulus, Stimulus::Joined { outcome, .. } if outcome.failure.is_none());
                (frame.parent(), is_joined)
            }
            Question::ChildInput { parent, .. } => (parent.parent(), false),
        };
        let seal = self.workflow.seal.clone();
        let activities: BTreeSet<String> =
            self.workflow.memory.activities.keys().cloned().collect();
        let host = Host {
            activity_exists: Box::new(move |arn| {
                activity_name(arn).is_ok_and(|name| activities.contains(name))
            }),
            task_token: Box::new(move |event| seal.mint(execution, event)),
        };
        let all = Effort::of(Reach::Full);
        let context = self
            .workflow
            .with_context(moving, None, &all, |_, context| {
                FrozenContext::of(context, parent, is_joined, host)
            })?;
        let machine = Arc::clone(&moving.machine().definition);
        Ok(Suspension {
            execution,
            evaluation: Some(Evaluation {
                machine,
                context,
                question,
            }),
        })
    }

    /// Numbers what was taken down in this transaction; it is evaluated after the commit.
    pub(crate) fn begin_evaluations(&mut self) {
        for suspended in std::mem::take(&mut self.workflow.journal_mut().out.suspended) {
            let id = suspended.execution;
            match suspended.evaluation {
                Some(evaluation) => {
                    let number = self.workflow.memory.evaluations.begin(id);
                    let begun = (id, number, evaluation);
                    self.workflow.journal_mut().out.evaluations.push(begun);
                }
                None => self.workflow.memory.evaluations.wait(id),
            }
        }
    }

    /// Keeps a stimulus for a suspended execution.
    pub(crate) fn tell_later(&mut self, pending: Pending) -> Result<(), StoreFailure> {
        let Pending {
            execution,
            stimulus,
            at,
            call,
        } = pending;
        let news = Work::deliver(stimulus, at, call);
        self.workflow.with_execution(execution, |workflow, row| {
            if row.status == ExecutionStatus::Running {
                workflow.steps().leave_to(execution, &news)?;
            }
            Ok(())
        })
    }

    /// Goes on with an execution for which something was evaluated, if it still waits for that. `None`: the evaluation
    /// panicked.
    pub(crate) fn evaluated(
        &mut self,
        id: ExecutionId,
        number: u64,
        evaluated: Option<Evaluated>,
    ) -> Result<(), StoreFailure> {
        let evaluations = &mut self.workflow.memory.evaluations;
        let is_awaited = evaluations.end(id, number);
        if let Some(next) = evaluations.next_waiting() {
            self.workflow.go_on_later(next);
        }
        if !is_awaited {
            return Ok(());
        }
        self.workflow
            .with_execution(id, |workflow, row| match evaluated {
                Some(evaluated) => Ok(workflow.steps().go_on(row, Some(evaluated))?),
                None => {
                    let why = "the evaluation of its expressions ended by a fault of Rampmeter";
                    Err(TransactionError::Damaged(Damaged(why.to_owned())))
                }
            })
    }

    /// Tells an execution what came up while it was suspended. Stimuli for which it no longer waits are dropped.
    pub(crate) fn deliver(
        &mut self,
        moving: &mut Moving,
        stimulus: Stimulus,
        at: Time,
        call: Option<&str>,
    ) -> Result<(), StoreError> {
        let id = self.frame_addressed(&moving.row, &stimulus)?;
        let Some(frame) = self.workflow.load_frame(&moving.row, id)? else {
            return Ok(());
        };
        if matches!(stimulus, Stimulus::TaskHeartbeat { .. }) {
            let now = std::mem::replace(&mut self.workflow.journal_mut().now, at);
            let heard = self.heartbeat(moving, frame, stimulus);
            self.workflow.journal_mut().now = now;
            heard?;
        } else {
            self.step(moving, frame, stimulus, call)?;
        }
        Ok(())
    }
}
