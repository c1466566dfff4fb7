//! The flow of data through a state, whatever its query language: input, arguments, output, variables,
//! and the limits on them. This is the one place that asks for the language; what each language does
//! is in the file of its name. A payload that passes unchanged is shared.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::{Continuation, Run};
use crate::execution::probe::Stage;
use crate::execution::scope::{StateFacts, StateScope};
use crate::model::machine::{AnyTemplate, Catcher, Flow, State, Transition};
use crate::model::state_kind::StateKind;
use rampmeter_expression::Template;
use rampmeter_expression::jsonata::Known;
use rampmeter_expression::payload::{DEPTH_LIMIT, Payload};

/// AWS's limit on input, output and task data: 256 KiB of JSON text.
pub(super) const DATA_LIMIT: usize = 262_144;

/// What a state did, as its output is made of it.
pub(super) struct Made<'a> {
    /// The effective input of a state without a result, else the result.
    pub(super) document: &'a Payload,
    /// Whether the document is a result.
    pub(super) is_result: bool,
    /// The `Assign` of the choice rule that matched, which replaces that of the state.
    pub(super) rule: Option<&'a Template>,
}

impl<'a> Made<'a> {
    /// The result of a Task, Pass, Parallel or Map state.
    pub(super) fn result(document: &'a Payload) -> Self {
        Self {
            document,
            is_result: true,
            rule: None,
        }
    }

    /// The effective input of a state that makes nothing.
    pub(super) fn nothing(document: &'a Payload) -> Self {
        Self {
            document,
            is_result: false,
            rule: None,
        }
    }
}

/// What a state leaves behind.
pub(super) struct Left {
    pub(super) output: Payload,
    pub(super) assigned: BTreeMap<String, Payload>,
}

impl Run<'_, '_> {
    /// Runs `evaluate` with what the expressions of the current state can see.
    pub(super) fn within<T>(
        &mut self,
        state: &State,
        input: &Payload,
        evaluate: impl FnOnce(&mut StateScope<'_, '_>) -> T,
    ) -> T {
        let facts = self.facts(state);
        evaluate(&mut StateScope::new(
            input.value(),
            &facts,
            self.frame,
            self.context,
        ))
    }

    fn facts(&self, state: &State) -> StateFacts {
        StateFacts {
            name: self.frame.state.clone(),
            entered_at: self.frame.entered_at,
            retry_count: state
                .can_be_retried()
                .then(|| self.frame.retries.iter().sum()),
            token_event: self.token_event.filter(|_| state.awaits_token()),
            item: self.item.clone(),
            stand_in: self
                .probe
                .as_ref()
                .and_then(|probe| probe.context_object.clone()),
        }
    }

    /// The part of the input that a state works on.
    pub(super) fn effective_input(&mut self, state: &State) -> Result<Payload, Failure> {
        match &state.flow {
            Flow::JsonPath(flow) => self.input_path(state, flow),
            Flow::Jsonata(_) => Ok(self.input()),
        }
    }

    /// What a state passes on to what it calls: `Parameters` or `Arguments`, else the effective input.
    pub(super) fn arguments(&mut self, state: &State, input: &Payload) -> Result<Payload, Failure> {
        let (stage, arguments) = match &state.flow {
            Flow::JsonPath(flow) => {
                let parameters = match &flow.parameters {
                    Some(template) => self.fill(state, template, input)?,
                    None => self.limited(input.clone())?,
                };
                (Stage::AfterParameters, parameters)
            }
            Flow::Jsonata(flow) => (
                Stage::AfterArguments,
                self.jsonata_arguments(state, flow, input)?,
            ),
        };
        // AWS shows the arguments of a task only.
        if stage == Stage::AfterParameters || state.kind == StateKind::Task {
            self.show(stage, &arguments);
        }
        Ok(arguments)
    }

    /// Leaves a state that did its work: its output and the variables it assigns are made, both from
    /// what was there before it is left.
    pub(super) fn leave(
        &mut self,
        state: &State,
        made: &Made<'_>,
        next: &Transition,
    ) -> Result<Continuation, Failure> {
        let left = match &state.flow {
            Flow::JsonPath(flow) => self.leave_json_path(state, flow, made)?,
            Flow::Jsonata(flow) => {
                let has_result = made.is_result && state.kind != StateKind::Pass;
                let known = Known {
                    result: has_result.then(|| made.document.value()),
                    ..Known::default()
                };
                self.leave_jsonata(state, &flow.leaving, known, made.document)?
            }
        };
        self.exit(state, left, next)
    }

    /// Leaves a state by a catcher, whose fields take the place of those of the state.
    pub(super) fn leave_by(
        &mut self,
        state: &State,
        catcher: &Catcher,
        error: &Payload,
    ) -> Result<Continuation, Failure> {
        let left = match &state.flow {
            Flow::JsonPath(_) => Left {
                output: self.write_result(&catcher.result_path, error)?,
                assigned: self.assign(state, catcher.assign.as_ref(), error)?,
            },
            Flow::Jsonata(_) => {
                let known = Known {
                    error_output: Some(error.value()),
                    ..Known::default()
                };
                self.leave_jsonata(state, &catcher.leaving, known, error)?
            }
        };
        self.exit(state, left, &Transition::Next(catcher.next.clone()))
    }

    /// The value of a template in the language of its state.
    pub(super) fn fill_any(
        &mut self,
        state: &State,
        template: &AnyTemplate,
        input: &Payload,
    ) -> Result<Payload, Failure> {
        match template {
            AnyTemplate::JsonPath(template) => self.fill(state, template, input),
            AnyTemplate::Jsonata(template) => self.shape(state, template, input, Known::default()),
        }
    }

    /// A payload, if it is within the limits.
    pub(super) fn limited(&self, payload: Payload) -> Result<Payload, Failure> {
        self.measure(&self.frame.state, &payload)?;
        Ok(payload)
    }

    /// Depth comes first: writing the text, whose length is the other limit, goes as deep as the value.
    /// The maker is named in the cause: the state, or the function that it called.
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
}
