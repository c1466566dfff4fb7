//! The fields of a state in JSONPath: InputPath, Parameters, ResultSelector, ResultPath, OutputPath and Assign, and the
//! paths of fields that need a value of a type.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Fields, Made, SECONDS_LIMIT};
use crate::advance::failure::Failure;
use crate::advance::run::Left;
use crate::execution::probe::Stage;
use crate::model::choice::NoValue;
use crate::model::machine::{JsonPathFlow, ResultPath, Rule, Selection};
use rampmeter_expression::path::Path;
use rampmeter_expression::{
    Expression, ExpressionError, Payload, Scope as _, Template, number, timestamp,
};

/// The fields of a state in JSONPath.
pub(in crate::advance) struct JsonPath<'a, 'f, 'c> {
    pub(super) fields: &'a mut Fields<'f, 'c>,
}

impl JsonPath<'_, '_, '_> {
    /// `InputPath`.
    pub(super) fn input(&mut self, flow: &JsonPathFlow) -> Result<Payload, Failure> {
        let input = self.fields.raw_input();
        let input = self.select(&flow.input_path, &input)?;
        self.fields.show(Stage::AfterInputPath, &input);
        Ok(input)
    }

    /// Turns what a state did into its output and its variables. `$` in Assign is the result before
    /// ResultSelector, or the effective input of a state that has no result.
    pub(super) fn left(&mut self, flow: &JsonPathFlow, made: &Made<'_>) -> Result<Left, Failure> {
        let assign = made.rule.or(flow.assign.as_ref());
        let assigned = self.assign(assign, made.document)?;
        let combined = if made.is_result {
            let selected = match &flow.result_selector {
                Some(template) => self.fill(template, made.document)?,
                None => made.document.clone(),
            };
            self.fields.show(Stage::AfterResultSelector, &selected);
            let combined = self.write(&flow.result_path, &selected)?;
            self.fields.show(Stage::AfterResultPath, &combined);
            combined
        } else {
            made.document.clone()
        };
        let output = self.select(&flow.output_path, &combined)?;
        Ok(Left {
            output: self.fields.limited(output)?,
            assigned,
        })
    }

    /// The variables that an `Assign` gives.
    pub(super) fn assign(
        &mut self,
        assign: Option<&Template>,
        document: &Payload,
    ) -> Result<BTreeMap<String, Payload>, Failure> {
        let Some(template) = assign else {
            return Ok(BTreeMap::new());
        };
        let value = self
            .fields
            .expression(document, |scope| template.evaluate(scope))?;
        let Value::Object(values) = value else {
            unreachable!("the definition was checked: Assign is an object")
        };
        self.fields.assignable(values)
    }

    /// `InputPath` or `OutputPath`.
    fn select(&mut self, selection: &Selection, payload: &Payload) -> Result<Payload, Failure> {
        match selection {
            Selection::Nothing => Ok(Payload::from_value(Value::Object(Map::new()))),
            Selection::Path(path) if path.is_input() => Ok(payload.clone()),
            Selection::Path(path) => self.find(path, payload).map(Payload::from_value),
        }
    }

    /// What a path of a state's own field points to.
    pub(super) fn find(&mut self, path: &Path, payload: &Payload) -> Result<Value, Failure> {
        self.fields
            .within(payload, |scope| scope.find(path))
            .map_err(|missing| {
                self.fields.runtime_known_as(
                    &format!("Invalid path '{}' : {missing}", path.text()),
                    "States.ParameterPathFailure",
                )
            })
    }

    /// The value of a payload template, within the limits.
    pub(super) fn fill(
        &mut self,
        template: &Template,
        input: &Payload,
    ) -> Result<Payload, Failure> {
        let value = self
            .fields
            .expression(input, |scope| template.evaluate(scope))?;
        self.fields.limited(Payload::from_value(value))
    }

    /// `ResultPath`: the result put into the raw input.
    pub(super) fn write(
        &mut self,
        result_path: &ResultPath,
        result: &Payload,
    ) -> Result<Payload, Failure> {
        let input = self.fields.raw_input();
        let ResultPath::Write(path) = result_path else {
            return Ok(input);
        };
        if path.is_input() {
            return self.fields.limited(result.clone());
        }
        let mut document = input.value().clone();
        if path.write(&mut document, result.value().clone()).is_err() {
            let reason = format!(
                "Unable to apply ReferencePath {} to input {}",
                path.text(),
                input.text()
            );
            return Err(self
                .fields
                .runtime_known_as(&reason, "States.ResultPathMatchFailure"));
        }
        self.fields.limited(Payload::from_value(document))
    }

    /// The first rule whose condition holds.
    pub(in crate::advance) fn matching_rule<'r>(
        &mut self,
        rules: &'r [Rule],
        input: &Payload,
    ) -> Result<Option<&'r Rule>, Failure> {
        let chosen = self.fields.within(input, |scope| {
            for rule in rules {
                if rule.condition.holds(scope)? {
                    return Ok(Some(rule));
                }
            }
            Ok(None)
        });
        chosen.map_err(|missing: NoValue| {
            self.fields.runtime(&format!(
                "Invalid path '{}': The choice state's condition path references an invalid value.",
                missing.path
            ))
        })
    }

    /// The value of an expression that must be a text.
    pub(in crate::advance) fn text(
        &mut self,
        field: &str,
        expression: &Expression,
    ) -> Result<String, Failure> {
        let input = self.fields.raw_input();
        let value = self
            .fields
            .expression(&input, |scope| expression.evaluate(field, scope))?;
        match value {
            Value::String(text) => Ok(text),
            other => Err(self.fields.runtime(&format!(
                "The field '{field}' must refer to a string, but it refers to {other}"
            ))),
        }
    }

    /// A number of seconds that a path points to, from 0 to 99,999,999.
    pub(in crate::advance) fn seconds(
        &mut self,
        field: &str,
        path: &Path,
        input: &Payload,
    ) -> Result<u64, Failure> {
        let value = self.field_value(field, path, input)?;
        let whole = value.as_number().and_then(number::whole);
        let Some(seconds) = whole.filter(|_| !value.is_f64()) else {
            return Err(self.fields.runtime(&format!(
                "The {field} parameter cannot be parsed as a long value: {} == {}",
                path.text(),
                shown(&value)
            )));
        };
        match u64::try_from(seconds) {
            Ok(seconds) if seconds <= SECONDS_LIMIT => Ok(seconds),
            Ok(_) => Err(self.fields.runtime(&format!(
                "The {field} parameter references a value greater than {SECONDS_LIMIT}: {} == {value}",
                path.text()
            ))),
            Err(_) => Err(self.fields.runtime(&format!(
                "The {field} parameter references a negative value: {} == {value}",
                path.text()
            ))),
        }
    }

    /// The moment that `TimestampPath` points to.
    pub(in crate::advance) fn moment(
        &mut self,
        path: &Path,
        input: &Payload,
    ) -> Result<Timestamp, Failure> {
        let value = self.field_value("TimestampPath", path, input)?;
        value.as_str().and_then(timestamp::parse).ok_or_else(|| {
            self.fields.runtime(&format!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
                 date-time format string: {} == {}",
                path.text(),
                shown(&value)
            ))
        })
    }

    /// What the path of a `...Path` field points to.
    fn field_value(&mut self, field: &str, path: &Path, input: &Payload) -> Result<Value, Failure> {
        self.fields.expression(input, |scope| {
            scope.find(path).map_err(|_| ExpressionError::NotFound {
                path: path.text().to_owned(),
                field: field.to_owned(),
                searched: scope.searched(path),
            })
        })
    }
}

/// A value as a message shows it: text without its quotes.
pub(super) fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
