//! The flow of data through a state, whatever its query language: input, arguments, and what it leaves behind. This is
//! where the language is distinguished; what each does is in the file with its name. A payload that passes unchanged
//! is shared.

use serde_json::Value;

use super::Fields;
use crate::advance::failure::Failure;
use crate::advance::run::Left;
use crate::execution::probe::Stage;
use crate::model::machine::{AnyTemplate, Catcher, Flow};
use crate::model::state_kind::StateKind;
use rampmeter_expression::Payload;
use rampmeter_expression::Template;
use rampmeter_expression::jsonata::Known;

/// What a state did, as the basis of its output.
pub(in crate::advance) struct Made<'a> {
    /// The effective input of a state without a result, otherwise the result.
    pub(in crate::advance) document: &'a Payload,
    /// Whether the document is a result.
    pub(in crate::advance) is_result: bool,
    /// The `Assign` of the choice rule that matched, which replaces that of the state.
    pub(in crate::advance) rule: Option<&'a Template>,
}

impl<'a> Made<'a> {
    /// The result of a Task, Pass, Parallel or Map state.
    pub(in crate::advance) fn result(document: &'a Payload) -> Self {
        Self {
            document,
            is_result: true,
            rule: None,
        }
    }

    /// The effective input of a state that makes nothing.
    pub(in crate::advance) fn nothing(document: &'a Payload) -> Self {
        Self {
            document,
            is_result: false,
            rule: None,
        }
    }
}

impl Fields<'_, '_> {
    /// The part of the input that a state works on.
    pub(in crate::advance) fn effective_input(&mut self) -> Result<Payload, Failure> {
        match &self.state.flow {
            Flow::JsonPath(flow) => self.json_path().input(flow),
            Flow::Jsonata(_) => Ok(self.raw_input()),
        }
    }

    /// What a state passes to what it calls: `Parameters` or `Arguments`, otherwise the effective
    /// input.
    pub(in crate::advance) fn arguments(&mut self, input: &Payload) -> Result<Payload, Failure> {
        let (stage, arguments) = match &self.state.flow {
            Flow::JsonPath(flow) => {
                let parameters = match &flow.parameters {
                    Some(template) => self.json_path().fill(template, input)?,
                    None => self.limited(input.clone())?,
                };
                (Stage::AfterParameters, parameters)
            }
            Flow::Jsonata(flow) => {
                let arguments = match &flow.arguments {
                    Some(template) => self.jsonata().fill(template, input, Known::default())?,
                    None => self.limited(input.clone())?,
                };
                (Stage::AfterArguments, arguments)
            }
        };
        // AWS shows the arguments of a task only.
        if stage == Stage::AfterParameters || self.state.kind == StateKind::Task {
            self.show(stage, &arguments);
        }
        Ok(arguments)
    }

    /// The role that `Credentials` names, if the task has any.
    pub(in crate::advance) fn role(
        &mut self,
        credentials: Option<&AnyTemplate>,
        input: &Payload,
    ) -> Result<Option<String>, Failure> {
        let Some(template) = credentials else {
            return Ok(None);
        };
        let filled = self.fill(template, input)?;
        match filled.value().get("RoleArn").and_then(Value::as_str) {
            Some(role) => Ok(Some(role.to_owned())),
            None => Err(self.runtime("The RoleArn of Credentials must be a string.")),
        }
    }

    /// What a state that did its work leaves behind. Its output and the variables it assigns are both evaluated from
    /// what was there before it is left.
    pub(in crate::advance) fn left(&mut self, made: &Made<'_>) -> Result<Left, Failure> {
        match &self.state.flow {
            Flow::JsonPath(flow) => self.json_path().left(flow, made),
            Flow::Jsonata(flow) => {
                let has_result = made.is_result && self.state.kind != StateKind::Pass;
                let known = Known {
                    result: has_result.then(|| made.document.value()),
                    ..Known::default()
                };
                self.jsonata().left(&flow.leaving, known, made.document)
            }
        }
    }

    /// What a state leaves behind when it is left by a catcher, whose fields replace its own.
    pub(in crate::advance) fn left_by(
        &mut self,
        catcher: &Catcher,
        error: &Payload,
    ) -> Result<Left, Failure> {
        match &self.state.flow {
            Flow::JsonPath(_) => Ok(Left {
                output: self.json_path().write(&catcher.result_path, error)?,
                assigned: self.json_path().assign(catcher.assign.as_ref(), error)?,
            }),
            Flow::Jsonata(_) => {
                let known = Known {
                    error_output: Some(error.value()),
                    ..Known::default()
                };
                self.jsonata().left(&catcher.leaving, known, error)
            }
        }
    }

    /// The value of a template in the language of its state.
    pub(super) fn fill(
        &mut self,
        template: &AnyTemplate,
        input: &Payload,
    ) -> Result<Payload, Failure> {
        match template {
            AnyTemplate::JsonPath(template) => self.json_path().fill(template, input),
            AnyTemplate::Jsonata(template) => {
                self.jsonata().fill(template, input, Known::default())
            }
        }
    }
}
