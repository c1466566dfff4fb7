//! The flow of data through a JSONPath state: InputPath, Parameters, ResultSelector, ResultPath,
//! OutputPath, and the limits on what comes out. A payload that passes unchanged is shared.

use serde_json::{Map, Value};

use super::Run;
use super::failure::Failure;
use crate::machine::{ResultPath, Selection, State};
use crate::path::Path;
use crate::payload::{DEPTH_LIMIT, Payload};
use crate::scope::{Scope, StateFacts};
use crate::template::Template;

/// AWS's limit on input, output and task data: 256 KiB of JSON text.
const DATA_LIMIT: usize = 262_144;

impl Run<'_, '_> {
    /// Runs `evaluate` with what the expressions of the current state can see.
    pub(super) fn within<T>(
        &mut self,
        state: &State,
        input: &Payload,
        evaluate: impl FnOnce(&mut Scope<'_, '_>) -> T,
    ) -> T {
        let facts = self.facts(state);
        evaluate(&mut Scope::new(input.value(), &facts, self.context))
    }

    fn facts(&self, state: &State) -> StateFacts {
        StateFacts {
            name: self.frame.state.clone(),
            entered_at: self.frame.entered_at,
            retry_count: state
                .can_be_retried()
                .then(|| self.frame.retries.iter().sum()),
            token_event: self.token_event.filter(|_| state.awaits_token()),
        }
    }

    /// The part of the input that a state works on.
    pub(super) fn effective_input(&mut self, state: &State) -> Result<Payload, Failure> {
        let input = self.input();
        self.select(state, &state.input_path, &input)
    }

    /// `InputPath` or `OutputPath`.
    pub(super) fn select(
        &mut self,
        state: &State,
        selection: &Selection,
        payload: &Payload,
    ) -> Result<Payload, Failure> {
        match selection {
            Selection::Nothing => Ok(Payload::from_value(Value::Object(Map::new()))),
            Selection::Path(path) if path.is_input() => Ok(payload.clone()),
            Selection::Path(path) => self.find(state, path, payload).map(Payload::from_value),
        }
    }

    /// What a path of a state's own field points to.
    pub(super) fn find(
        &mut self,
        state: &State,
        path: &Path,
        payload: &Payload,
    ) -> Result<Value, Failure> {
        self.within(state, payload, |scope| scope.find(path))
            .map_err(|missing| {
                self.runtime_known_as(
                    &format!("Invalid path '{}' : {missing}", path.text()),
                    "States.ParameterPathFailure",
                )
            })
    }

    /// The value of a payload template, within the limits.
    pub(super) fn fill(
        &mut self,
        state: &State,
        template: &Template,
        input: &Payload,
    ) -> Result<Payload, Failure> {
        let value = self
            .within(state, input, |scope| template.evaluate(scope))
            .map_err(|error| self.expression_failure(&error))?;
        self.limited(Payload::from_value(value))
    }

    /// From the result of a state to its output.
    pub(super) fn output(
        &mut self,
        state: &State,
        result_path: &ResultPath,
        result: &Payload,
    ) -> Result<Payload, Failure> {
        let combined = self.write_result(result_path, result)?;
        let output = self.select(state, &state.output_path, &combined)?;
        self.limited(output)
    }

    /// `ResultPath`: the result put into the raw input.
    pub(super) fn write_result(
        &mut self,
        result_path: &ResultPath,
        result: &Payload,
    ) -> Result<Payload, Failure> {
        let ResultPath::Write(path) = result_path else {
            return Ok(self.input());
        };
        if path.is_input() {
            return self.limited(result.clone());
        }
        let input = self.input();
        let mut document = input.value().clone();
        if path.write(&mut document, result.value().clone()).is_err() {
            let reason = format!(
                "Unable to apply ReferencePath {} to input {}",
                path.text(),
                input.text()
            );
            return Err(self.runtime_known_as(&reason, "States.ResultPathMatchFailure"));
        }
        self.limited(Payload::from_value(document))
    }

    /// A payload, if it is within the limits.
    pub(super) fn limited(&self, payload: Payload) -> Result<Payload, Failure> {
        self.measure(&payload)?;
        Ok(payload)
    }

    /// Depth comes first: writing the text, whose length is the other limit, goes as deep as the value.
    pub(super) fn measure(&self, payload: &Payload) -> Result<(), Failure> {
        if payload.is_too_deep() {
            let reason = format!("The data nests deeper than {DEPTH_LIMIT} levels");
            return Err(self.runtime(&reason));
        }
        if payload.len() > DATA_LIMIT {
            return Err(Failure::too_much_data(&self.frame.state));
        }
        Ok(())
    }
}
