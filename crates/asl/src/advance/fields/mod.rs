//! What the fields of a state say, evaluated: from its input, the variables and the context object. Nothing here moves
//! the frame or adds to its history; a failure is passed up with all that the history needs to say about it.
//!
//! [`Fields`] is what every field needs. [`JsonPath`] and [`Jsonata`] evaluate in one query language; only `data` and
//! `amount` distinguish which one the state has. [`MapFields`] is what only a Map state has.

mod amount;
mod batch;
mod data;
mod json_path;
mod jsonata;
mod map;
mod map_probe;
mod variables;

use crate::execution::event::EventId;
use crate::execution::frame::Frame;
use crate::execution::probe::{Stage, StateProbe};
use crate::execution::scope::{StateFacts, StateScope};
use crate::execution::stimulus::Context;
use crate::model::machine::State;
use rampmeter_expression::payload::{DEPTH_LIMIT, Payload};
use rampmeter_expression::{ExpressionError, Scope};

use crate::advance::failure::{EvaluationFault, Failure, StateEntry};
use crate::advance::host::Host;
use crate::advance::run::Run;

pub(super) use self::data::Made;
pub(super) use self::json_path::JsonPath;
pub(super) use self::jsonata::Jsonata;
pub(super) use self::map::{MapFields, child_input};

/// AWS's limit on input, output and task data: 256 KiB of JSON text.
pub(super) const DATA_LIMIT: usize = 262_144;

/// The longest wait and timeout in seconds, as for the literal fields.
const SECONDS_LIMIT: u64 = 99_999_999;

/// The fields of the state that a frame is in.
pub(super) struct Fields<'f, 'c> {
    state: &'f State,
    frame: &'f Frame,
    context: &'f mut Context<'c>,
    /// The test that watches, if there is one.
    probe: Option<&'f mut StateProbe>,
    token_event: Option<EventId>,
    /// The item that is being prepared, by its number among all items.
    item: Option<(u32, Payload)>,
}

impl<'f, 'c> Fields<'f, 'c> {
    pub(super) fn of(state: &'f State, run: &'f Run<'_>, host: &'f mut Host<'_, 'c>) -> Self {
        Self {
            token_event: run.token_event,
            ..Self::at_rest(state, run.frame, host)
        }
    }

    /// The fields of a state that waits.
    fn at_rest(state: &'f State, frame: &'f Frame, host: &'f mut Host<'_, 'c>) -> Self {
        Self {
            state,
            frame,
            context: host.context,
            probe: host.probe.as_deref_mut(),
            token_event: None,
            item: None,
        }
    }

    pub(super) fn json_path(&mut self) -> JsonPath<'_, 'f, 'c> {
        JsonPath { fields: self }
    }

    pub(super) fn jsonata(&mut self) -> Jsonata<'_, 'f, 'c> {
        Jsonata { fields: self }
    }

    /// The raw input of the state.
    pub(super) fn raw_input(&self) -> Payload {
        self.frame.raw_input()
    }

    /// Runs `evaluate` with what the expressions of the state can see.
    fn within<T>(
        &mut self,
        input: &Payload,
        evaluate: impl FnOnce(&mut StateScope<'_, '_>) -> T,
    ) -> T {
        let facts = self.facts();
        let effort = self.context.effort;
        let mut scope = StateScope::new(input.value(), &facts, self.frame, self.context);
        let made = evaluate(&mut scope);
        effort.settle(scope.budget());
        made
    }

    /// As [`Fields::within`], for an expression whose failure is that of the state.
    fn expression<T>(
        &mut self,
        input: &Payload,
        evaluate: impl FnOnce(&mut StateScope<'_, '_>) -> Result<T, ExpressionError>,
    ) -> Result<T, Failure> {
        self.within(input, evaluate)
            .map_err(|error| self.expression_failure(&error))
    }

    fn facts(&self) -> StateFacts {
        StateFacts {
            name: self.frame.state.clone(),
            entered_at: self.frame.entered_at,
            retry_count: self
                .state
                .can_be_retried()
                .then(|| self.frame.retries.iter().sum()),
            token_event: self.token_event.filter(|_| self.state.awaits_token()),
            item: self.item.clone(),
            stand_in: self
                .probe
                .as_ref()
                .and_then(|probe| probe.context_object.clone()),
        }
    }

    /// Shows data between two fields of the state to the test, if there is one.
    pub(super) fn show(&mut self, stage: Stage, data: &Payload) {
        if let Some(probe) = &mut self.probe {
            probe.seen.insert(stage, data.clone());
        }
    }

    /// A payload, if it is within the limits.
    pub(super) fn limited(&self, payload: Payload) -> Result<Payload, Failure> {
        self.measure(&self.frame.state, &payload)?;
        Ok(payload)
    }

    /// Depth is checked first: writing the text, whose length is the other limit, recurses as deep as
    /// the value. The maker is named in the cause: the state, or the function that it called.
    pub(super) fn measure(&self, maker: &str, payload: &Payload) -> Result<(), Failure> {
        if payload.is_too_deep() {
            let reason = format!("The data nests deeper than {DEPTH_LIMIT} levels");
            return Err(self.runtime(&reason));
        }
        if payload.len() > DATA_LIMIT {
            return Err(Failure::too_much_data(maker));
        }
        Ok(())
    }

    /// `States.Runtime` in the state.
    pub(super) fn runtime(&self, reason: &str) -> Failure {
        Failure::runtime(reason, self.state_entry().as_ref(), None)
    }

    /// `States.Runtime`, known to retriers and catchers by the name that the specification gives it.
    pub(super) fn runtime_known_as(&self, reason: &str, alias: &'static str) -> Failure {
        Failure::runtime(reason, self.state_entry().as_ref(), Some(alias))
    }

    /// `States.QueryEvaluationError` in the state.
    fn evaluation_failure(&self, reason: &str, evaluation: EvaluationFault) -> Failure {
        Failure::of_evaluation(reason, self.state_entry().as_ref(), evaluation)
    }

    /// The failure of an expression in JSONPath.
    fn expression_failure(&self, error: &ExpressionError) -> Failure {
        match error {
            ExpressionError::NotFound { .. } => {
                self.runtime_known_as(&error.to_string(), "States.ParameterPathFailure")
            }
            ExpressionError::Call { .. } => {
                self.runtime_known_as(&error.to_string(), "States.IntrinsicFailure")
            }
            ExpressionError::TooMuchData => Failure::too_much_data(&self.frame.state),
        }
    }

    /// A test has no history, so AWS names no event in it.
    fn state_entry(&self) -> Option<StateEntry<'_>> {
        self.probe.is_none().then_some(StateEntry {
            state: &self.frame.state,
            entered: self.frame.entered,
        })
    }
}
