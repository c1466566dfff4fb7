//! The flow of data through a state in JSONPath: InputPath, Parameters, ResultSelector, ResultPath,
//! OutputPath and Assign.

use serde_json::{Map, Value};

use super::Run;
use super::data::{Left, Made};
use super::failure::Failure;
use crate::execution::probe::Stage;
use crate::model::machine::{JsonPathFlow, ResultPath, Selection, State};
use rampmeter_expression::Payload;
use rampmeter_expression::Scope as _;
use rampmeter_expression::Template;
use rampmeter_expression::path::Path;

impl Run<'_, '_> {
    pub(super) fn input_path(
        &mut self,
        state: &State,
        flow: &JsonPathFlow,
    ) -> Result<Payload, Failure> {
        let input = self.input();
        let input = self.select(state, &flow.input_path, &input)?;
        self.show(Stage::AfterInputPath, &input);
        Ok(input)
    }

    /// From what a state did to its output and its variables. `$` in Assign is the result before
    /// ResultSelector, or the effective input of a state that has no result.
    pub(super) fn leave_json_path(
        &mut self,
        state: &State,
        flow: &JsonPathFlow,
        made: &Made<'_>,
    ) -> Result<Left, Failure> {
        let assign = made.rule.or(flow.assign.as_ref());
        let assigned = self.assign(state, assign, made.document)?;
        let combined = if made.is_result {
            let selected = match &flow.result_selector {
                Some(template) => self.fill(state, template, made.document)?,
                None => made.document.clone(),
            };
            self.show(Stage::AfterResultSelector, &selected);
            let combined = self.write_result(&flow.result_path, &selected)?;
            self.show(Stage::AfterResultPath, &combined);
            combined
        } else {
            made.document.clone()
        };
        let output = self.select(state, &flow.output_path, &combined)?;
        Ok(Left {
            output: self.limited(output)?,
            assigned,
        })
    }

    /// `InputPath` or `OutputPath`.
    fn select(
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
}
