//! The flow of data through a state in JSONata: Arguments, Output and Assign, conditions, and the fields
//! whose values must have a type. Every failure is an `EvaluationFailed` event first.

use serde_json::Value;

use super::Run;
use super::data::Left;
use super::failure::Failure;
use crate::execution::event::{Detail, EventId};
use crate::model::machine::{JsonataFlow, Leaving, QueryRule, State};
use rampmeter_expression::Payload;
use rampmeter_expression::intrinsic::uuid;
use rampmeter_expression::jsonata::{self, Known, Query, Template};
use rampmeter_expression::number;
use rampmeter_expression::timestamp;

/// The longest wait and time-out, as for the literal fields.
const SECONDS_LIMIT: u64 = 99_999_999;

impl Run<'_, '_> {
    /// `Arguments`, else the input.
    pub(super) fn jsonata_arguments(
        &mut self,
        state: &State,
        flow: &JsonataFlow,
        input: &Payload,
    ) -> Result<Payload, Failure> {
        match &flow.arguments {
            Some(template) => self.shape(state, template, input, Known::default()),
            None => self.limited(input.clone()),
        }
    }

    /// What is left behind: the output, which is `otherwise` when no `Output` says more, and the
    /// variables. Both see the values from before.
    pub(super) fn leave_jsonata(
        &mut self,
        state: &State,
        leaving: &Leaving,
        known: Known<'_>,
        otherwise: &Payload,
    ) -> Result<Left, Failure> {
        let input = self.input();
        let assigned = match &leaving.assign {
            None => Value::Null,
            Some(template) => self.evaluate_template(state, template, &input, known)?,
        };
        let assigned = match assigned {
            Value::Object(values) => values
                .into_iter()
                .map(|(name, value)| (name, Payload::from_value(value)))
                .collect(),
            _ => std::collections::BTreeMap::new(),
        };
        let output = match &leaving.output {
            Some(template) => self.shape(state, template, &input, known)?,
            None => self.limited(otherwise.clone())?,
        };
        Ok(Left {
            output,
            assigned: self.allowed(assigned)?,
        })
    }

    /// The first rule whose condition holds.
    pub(super) fn matching_rule<'r>(
        &mut self,
        state: &State,
        rules: &'r [QueryRule],
    ) -> Result<Option<&'r QueryRule>, Failure> {
        let input = self.input();
        for rule in rules {
            let holds = match &rule.condition {
                Template::Query(query) => {
                    let value = self.query(state, query, &input, Known::default())?;
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
    pub(super) fn shape(
        &mut self,
        state: &State,
        template: &Template,
        input: &Payload,
        known: Known<'_>,
    ) -> Result<Payload, Failure> {
        let value = self.evaluate_template(state, template, input, known)?;
        self.limited(Payload::from_value(value))
    }

    fn evaluate_template(
        &mut self,
        state: &State,
        template: &Template,
        input: &Payload,
        known: Known<'_>,
    ) -> Result<Value, Failure> {
        template.fill(&mut |query| self.query(state, query, input, known))
    }

    /// The value of an expression.
    pub(super) fn query(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
        known: Known<'_>,
    ) -> Result<Value, Failure> {
        let found = self.within(state, input, |scope| {
            jsonata::evaluate(&query.program, scope, known)
        });
        let what = match found {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => "returned nothing (undefined).".to_owned(),
            Err(fault) if fault.is_internal() => {
                let number = uuid((self.context.random)(), (self.context.random)());
                format!("threw an internal error during evaluation. {number}")
            }
            Err(fault) => format!("threw an error during evaluation. {fault}"),
        };
        Err(self.evaluation_failed(query, &what))
    }

    /// An expression that must be a text.
    pub(super) fn text_of(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
    ) -> Result<String, Failure> {
        match self.query(state, query, input, Known::default())? {
            Value::String(text) => Ok(text),
            other => Err(self.unexpected(query, "string", &other)),
        }
    }

    /// An expression that must be a number.
    pub(super) fn number_of(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
    ) -> Result<serde_json::Number, Failure> {
        match self.query(state, query, input, Known::default())? {
            Value::Number(number) => Ok(number),
            other => Err(self.unexpected(query, "number", &other)),
        }
    }

    /// An expression that must be a whole number of seconds.
    pub(super) fn seconds_of(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
        least: u64,
    ) -> Result<u64, Failure> {
        let number = self.number_of(state, query, input)?;
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
    pub(super) fn moment_of(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
    ) -> Result<jiff::Timestamp, Failure> {
        let text = self.text_of(state, query, input)?;
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
    pub(super) fn items_of(
        &mut self,
        state: &State,
        template: &Template,
        input: &Payload,
    ) -> Result<Payload, Failure> {
        let value = self.evaluate_template(state, template, input, Known::default())?;
        match (value, template) {
            (value @ Value::Array(_), _) => self.limited(Payload::from_value(value)),
            (value, Template::Query(query)) => Err(self.unexpected(query, "array", &value)),
            (value, _) => {
                let reason = format!("The Items field must be an array but was: {value}");
                Err(self.bad_value("Items", &reason))
            }
        }
    }

    /// An expression that must be a whole number and not negative.
    pub(super) fn count_of(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
    ) -> Result<u64, Failure> {
        let number = self.number_of(state, query, input)?;
        let whole = number::whole(&number).and_then(|whole| u64::try_from(whole).ok());
        whole.ok_or_else(|| {
            let reason = format!(
                "The {} field must be a non-negative integer but was: {number}",
                query.place
            );
            self.bad_value(&query.place, &reason)
        })
    }

    /// An expression that must be a share of a hundred.
    pub(super) fn percentage_of(
        &mut self,
        state: &State,
        query: &Query,
        input: &Payload,
    ) -> Result<f64, Failure> {
        let number = self.number_of(state, query, input)?;
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
    pub(super) fn unexpected(&mut self, query: &Query, expected: &str, value: &Value) -> Failure {
        let what = format!(
            "returned an unexpected result type. Expected '{expected}', but was '{}' for value: \
             {value}",
            type_of(value)
        );
        self.evaluation_failed(query, &what)
    }

    fn evaluation_failed(&mut self, query: &Query, what: &str) -> Failure {
        let reason = format!(
            "The JSONata expression '{}' specified for the field '{}' {what}",
            query.program.source(),
            query.place
        );
        let previous = self.cause_of_evaluation();
        self.query_failure(&reason, Some(&query.place), previous)
    }

    /// A field has a value of the right type that it cannot have.
    pub(super) fn bad_value(&mut self, place: &str, reason: &str) -> Failure {
        let previous = self.frame.last;
        self.query_failure(reason, Some(place), previous)
    }

    /// The input of a state cannot be what it works on.
    pub(super) fn bad_input(&mut self, reason: &str) -> Failure {
        let previous = self.cause_of_evaluation();
        self.query_failure(reason, None, previous)
    }

    /// A state that cannot be entered because of an expression: AWS names what led to the state as the
    /// cause, not the event of entering it.
    fn cause_of_evaluation(&self) -> EventId {
        let entered = self
            .events
            .iter()
            .rfind(|event| event.id == self.frame.entered);
        match entered {
            Some(entered) if self.frame.last == entered.id => entered.previous,
            _ => self.frame.last,
        }
    }

    fn query_failure(
        &mut self,
        reason: &str,
        location: Option<&str>,
        previous: EventId,
    ) -> Failure {
        let failure = self.query_evaluation_error(reason);
        let (Some(error), Some(cause)) = (failure.error.clone(), failure.cause.clone()) else {
            unreachable!("it was made with both")
        };
        let detail = Detail::EvaluationFailed {
            state: self.frame.state.clone(),
            location: location.map(str::to_owned),
            error,
            cause,
        };
        self.frame.last = previous;
        match self.emit(detail) {
            Ok(_) => failure,
            Err(full) => full,
        }
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
