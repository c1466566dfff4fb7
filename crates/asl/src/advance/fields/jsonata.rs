//! The fields of a state in JSONata: Arguments, Output and Assign, conditions, and the fields whose values must have a
//! type. Every failure is recorded as an `EvaluationFailed` event.

use serde_json::{Map, Value};

use super::{Fields, SECONDS_LIMIT};
use crate::advance::failure::{EvaluationFault, Failure};
use crate::advance::run::Left;
use crate::model::machine::{Leaving, QueryRule};
use rampmeter_expression::intrinsic::uuid;
use rampmeter_expression::jsonata::{self, Known, Query, Template};
use rampmeter_expression::{Payload, number, timestamp};

/// The fields of a state in JSONata.
pub(in crate::advance) struct Jsonata<'a, 'f, 'c> {
    pub(super) fields: &'a mut Fields<'f, 'c>,
}

impl Jsonata<'_, '_, '_> {
    /// What is left behind: the output, which is `otherwise` unless there is an `Output`, and the
    /// variables. Both see the values from before.
    pub(in crate::advance) fn left(
        &mut self,
        leaving: &Leaving,
        known: Known<'_>,
        otherwise: &Payload,
    ) -> Result<Left, Failure> {
        let input = self.fields.raw_input();
        let assigned = match &leaving.assign {
            None => Value::Null,
            Some(template) => self.evaluate(template, &input, known)?,
        };
        let assigned = match assigned {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        let output = match &leaving.output {
            Some(template) => self.fill(template, &input, known)?,
            None => self.fields.limited(otherwise.clone())?,
        };
        Ok(Left {
            output,
            assigned: self.fields.assignable(assigned)?,
        })
    }

    /// The first rule whose condition holds.
    pub(in crate::advance) fn matching_rule<'r>(
        &mut self,
        rules: &'r [QueryRule],
    ) -> Result<Option<&'r QueryRule>, Failure> {
        let input = self.fields.raw_input();
        for rule in rules {
            let holds = match &rule.condition {
                Template::Query(query) => {
                    let value = self.query(query, &input, Known::default())?;
                    match value {
                        Value::Bool(holds) => holds,
                        other => return Err(self.unexpected(query, "boolean", &other)),
                    }
                }
                literal => *literal == Template::Literal(Value::Bool(true)),
            };
            if holds {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    }

    /// The value of a template, within the limits.
    pub(super) fn fill(
        &mut self,
        template: &Template,
        input: &Payload,
        known: Known<'_>,
    ) -> Result<Payload, Failure> {
        let value = self.evaluate(template, input, known)?;
        self.fields.limited(Payload::from_value(value))
    }

    fn evaluate(
        &mut self,
        template: &Template,
        input: &Payload,
        known: Known<'_>,
    ) -> Result<Value, Failure> {
        template.fill(&mut |query| self.query(query, input, known))
    }

    /// The value of an expression.
    fn query(
        &mut self,
        query: &Query,
        input: &Payload,
        known: Known<'_>,
    ) -> Result<Value, Failure> {
        let found = self.fields.within(input, |scope| {
            jsonata::evaluate(&query.program, scope, known)
        });
        let what = match found {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => "returned nothing (undefined).".to_owned(),
            Err(fault) if fault.is_internal() => {
                let random = &mut *self.fields.context.random;
                let number = uuid(random(), random());
                format!("threw an internal error during evaluation. {number}")
            }
            Err(fault) => format!("threw an error during evaluation. {fault}"),
        };
        Err(self.evaluation_failed(query, &what))
    }

    /// An expression that must be a text.
    pub(in crate::advance) fn text(
        &mut self,
        query: &Query,
        input: &Payload,
    ) -> Result<String, Failure> {
        match self.query(query, input, Known::default())? {
            Value::String(text) => Ok(text),
            other => Err(self.unexpected(query, "string", &other)),
        }
    }

    /// An expression that must be a number.
    fn number(&mut self, query: &Query, input: &Payload) -> Result<serde_json::Number, Failure> {
        match self.query(query, input, Known::default())? {
            Value::Number(number) => Ok(number),
            other => Err(self.unexpected(query, "number", &other)),
        }
    }

    /// An expression that must be a whole number of seconds.
    pub(in crate::advance) fn seconds(
        &mut self,
        query: &Query,
        input: &Payload,
        least: u64,
    ) -> Result<u64, Failure> {
        let number = self.number(query, input)?;
        let whole = number::whole(&number).and_then(|whole| u64::try_from(whole).ok());
        match whole.filter(|whole| (least..=SECONDS_LIMIT).contains(whole)) {
            Some(seconds) => Ok(seconds),
            None => Err(self.bad_value(
                &query.place,
                &format!(
                    "The {} field must be an integer from {least} to {SECONDS_LIMIT} but was: {number}",
                    query.place
                ),
            )),
        }
    }

    /// An expression that must be a moment.
    pub(in crate::advance) fn moment(
        &mut self,
        query: &Query,
        input: &Payload,
    ) -> Result<jiff::Timestamp, Failure> {
        let text = self.text(query, input)?;
        timestamp::parse(&text).ok_or_else(|| {
            let reason = format!(
                "The {} field cannot be parsed as an ISO-8601 extended offset date-time format \
                 string: {text}",
                query.place
            );
            self.bad_value(&query.place, &reason)
        })
    }

    /// `Items` of a Map state: an array.
    pub(super) fn items(
        &mut self,
        template: &Template,
        input: &Payload,
        takes_objects: bool,
    ) -> Result<Payload, Failure> {
        let value = self.evaluate(template, input, Known::default())?;
        match (value, template) {
            (value @ Value::Array(_), _) => self.fields.limited(Payload::from_value(value)),
            (value @ Value::Object(_), _) if takes_objects => {
                self.fields.limited(Payload::from_value(value))
            }
            (value, Template::Query(query)) => Err(self.unexpected(query, "array", &value)),
            (value, _) => {
                let reason = format!("The Items field must be an array but was: {value}");
                Err(self.bad_value("Items", &reason))
            }
        }
    }

    /// An expression that must be a whole number and not negative.
    pub(super) fn count(&mut self, query: &Query, input: &Payload) -> Result<u64, Failure> {
        let number = self.number(query, input)?;
        let whole = number::whole(&number).and_then(|whole| u64::try_from(whole).ok());
        whole.ok_or_else(|| {
            let reason = format!(
                "The {} field must be a non-negative integer but was: {number}",
                query.place
            );
            self.bad_value(&query.place, &reason)
        })
    }

    /// An expression that must be a percentage.
    pub(super) fn percentage(&mut self, query: &Query, input: &Payload) -> Result<f64, Failure> {
        let number = self.number(query, input)?;
        let share = number
            .as_f64()
            .filter(|share| (0.0..=100.0).contains(share));
        share.ok_or_else(|| {
            let reason = format!(
                "The {} field must be between 0 and 100 but was: {number}",
                query.place
            );
            self.bad_value(&query.place, &reason)
        })
    }

    /// The value of an expression has the wrong type.
    fn unexpected(&self, query: &Query, expected: &str, value: &Value) -> Failure {
        let what = format!(
            "returned an unexpected result type. Expected '{expected}', but was '{}' for value: \
             {value}",
            type_of(value)
        );
        self.evaluation_failed(query, &what)
    }

    fn evaluation_failed(&self, query: &Query, what: &str) -> Failure {
        let reason = format!(
            "The JSONata expression '{}' specified for the field '{}' {what}",
            query.program.source(),
            query.place
        );
        let evaluation = EvaluationFault {
            location: Some(query.place.clone()),
            kept_from_entering: true,
        };
        self.fields.evaluation_failure(&reason, evaluation)
    }

    /// A field has a value of the right type that it cannot have.
    fn bad_value(&self, place: &str, reason: &str) -> Failure {
        let evaluation = EvaluationFault {
            location: Some(place.to_owned()),
            kept_from_entering: false,
        };
        self.fields.evaluation_failure(reason, evaluation)
    }

    /// The input of a state cannot be what it works on.
    pub(super) fn bad_input(&self, reason: &str) -> Failure {
        let evaluation = EvaluationFault {
            location: None,
            kept_from_entering: true,
        };
        self.fields.evaluation_failure(reason, evaluation)
    }
}

/// JSONata's word for the type of a value.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
