//! The states that need nobody: Pass, Choice, Wait, Succeed and Fail.

use jiff::Timestamp;
use serde_json::Value;

use super::data::Made;
use super::failure::Failure;
use super::{Continuation, Run, after};
use crate::execution::frame::Rest;
use crate::execution::stimulus::{Timer, TimerKind};
use crate::model::machine::{Body, QueryRule, Rule, State, Transition, Until, Words};
use rampmeter_expression::ExpressionError;
use rampmeter_expression::Payload;
use rampmeter_expression::Scope as _;
use rampmeter_expression::jsonata::Known;
use rampmeter_expression::number;
use rampmeter_expression::path::Path;
use rampmeter_expression::timestamp;

/// The longest wait, as for the literal field.
const SECONDS_LIMIT: u64 = 99_999_999;

impl<'r> Run<'r, '_> {
    /// Executes the state that was just entered.
    pub(super) fn execute(&mut self, state: &'r State) -> Result<Continuation, Failure> {
        // A test needs nothing of the host: a mock answers.
        if let Some(what) = state.unserved.as_ref().filter(|_| self.probe.is_none()) {
            return Err(self.runtime(&format!("This host does not run {what}")));
        }
        match &state.body {
            Body::Pass { result, next } => self.pass(state, result.as_ref(), next),
            Body::Task(_) => self.attempt(state),
            Body::Choice { rules, default } => self.choose(state, rules, default.as_deref()),
            Body::QueryChoice { rules, default } => {
                self.choose_by_query(state, rules, default.as_deref())
            }
            Body::Wait { until, .. } => self.wait(state, until),
            Body::Succeed => self.succeed(state),
            Body::Fail { error, cause } => self.fail_state(state, error, cause),
            Body::Parallel(parallel) => self.fork_branches(state, parallel),
            Body::Map(map) => self.fork_iterations(state, map),
        }
    }

    fn pass(
        &mut self,
        state: &State,
        result: Option<&Value>,
        next: &Transition,
    ) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        let result = match result {
            Some(result) => self.limited(Payload::from_value(result.clone()))?,
            None => self.arguments(state, &input)?,
        };
        self.leave(state, &Made::result(&result), next)
    }

    fn choose(
        &mut self,
        state: &State,
        rules: &[Rule],
        default: Option<&str>,
    ) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        let chosen = self.within(state, &input, |scope| {
            for rule in rules {
                if rule.condition.holds(scope)? {
                    return Ok(Some(rule));
                }
            }
            Ok(None)
        });
        let chosen = chosen.map_err(|missing: crate::model::choice::NoValue| {
            self.runtime(&format!(
                "Invalid path '{}': The choice state's condition path references an invalid value.",
                missing.path
            ))
        })?;
        let next = chosen.map(|rule| rule.next.as_str()).or(default);
        let Some(next) = next else {
            return Err(self.no_choice_matched());
        };
        let made = Made {
            rule: chosen.and_then(|rule| rule.assign.as_ref()),
            ..Made::nothing(&input)
        };
        self.leave(state, &made, &Transition::Next(next.to_owned()))
    }

    fn choose_by_query(
        &mut self,
        state: &State,
        rules: &[QueryRule],
        default: Option<&str>,
    ) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        let chosen = self.matching_rule(state, rules)?;
        let next = chosen.map(|rule| rule.next.as_str()).or(default);
        let Some(next) = next else {
            return Err(self.no_choice_matched());
        };
        let next = Transition::Next(next.to_owned());
        match chosen {
            None => self.leave(state, &Made::nothing(&input), &next),
            Some(rule) => {
                let left = self.leave_jsonata(state, &rule.leaving, Known::default(), &input)?;
                self.exit(state, left, &next)
            }
        }
    }

    fn no_choice_matched(&self) -> Failure {
        let reason =
            "Failed to transition out of the state. The state does not point to a next state.";
        self.runtime_known_as(reason, "States.NoChoiceMatched")
    }

    fn wait(&mut self, state: &State, until: &Until) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        let now = self.context.now;
        let at = match until {
            Until::Seconds(seconds) => after(now, *seconds),
            Until::Timestamp(moment) => timestamp::ceil_millisecond(*moment),
            Until::SecondsPath(path) => {
                after(now, self.seconds(state, "SecondsPath", path, &input)?)
            }
            Until::TimestampPath(path) => {
                timestamp::ceil_millisecond(self.moment(state, path, &input)?)
            }
            Until::SecondsQuery(query) => after(now, self.seconds_of(state, query, &input, 0)?),
            Until::TimestampQuery(query) => {
                timestamp::ceil_millisecond(self.moment_of(state, query, &input)?)
            }
        };
        if at <= now {
            return self.wait_over(state);
        }
        let event = self.frame.entered;
        self.frame.rest = Rest::Timer { event, at };
        self.set(Timer {
            at,
            event,
            kind: TimerKind::Wait,
        });
        Ok(Continuation::Rest)
    }

    /// Leaves a Wait state.
    pub(super) fn wait_over(&mut self, state: &State) -> Result<Continuation, Failure> {
        let Body::Wait { next, .. } = &state.body else {
            unreachable!("only a Wait state sets the timer of a wait")
        };
        let input = self.effective_input(state)?;
        self.leave(state, &Made::nothing(&input), next)
    }

    /// A number of seconds that a path points to, from 0 to 99,999,999.
    pub(super) fn seconds(
        &mut self,
        state: &State,
        field: &str,
        path: &Path,
        input: &Payload,
    ) -> Result<u64, Failure> {
        let value = self.field_value(state, field, path, input)?;
        let whole = value.as_number().and_then(number::whole);
        let Some(seconds) = whole.filter(|_| !is_decimal(&value)) else {
            return Err(self.runtime(&format!(
                "The {field} parameter cannot be parsed as a long value: {} == {}",
                path.text(),
                shown(&value)
            )));
        };
        match u64::try_from(seconds) {
            Ok(seconds) if seconds <= SECONDS_LIMIT => Ok(seconds),
            Ok(_) => Err(self.runtime(&format!(
                "The {field} parameter references a value greater than {SECONDS_LIMIT}: {} == {value}",
                path.text()
            ))),
            Err(_) => Err(self.runtime(&format!(
                "The {field} parameter references a negative value: {} == {value}",
                path.text()
            ))),
        }
    }

    fn moment(
        &mut self,
        state: &State,
        path: &Path,
        input: &Payload,
    ) -> Result<Timestamp, Failure> {
        let value = self.field_value(state, "TimestampPath", path, input)?;
        value.as_str().and_then(timestamp::parse).ok_or_else(|| {
            self.runtime(&format!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
                 date-time format string: {} == {}",
                path.text(),
                shown(&value)
            ))
        })
    }

    /// What the path of a `...Path` field points to.
    fn field_value(
        &mut self,
        state: &State,
        field: &str,
        path: &Path,
        input: &Payload,
    ) -> Result<Value, Failure> {
        let found = self.within(state, input, |scope| {
            scope.find(path).map_err(|_| ExpressionError::NotFound {
                path: path.text().to_owned(),
                field: field.to_owned(),
                searched: scope.searched(path),
            })
        });
        found.map_err(|error| self.expression_failure(&error))
    }

    fn succeed(&mut self, state: &State) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        self.leave(state, &Made::nothing(&input), &Transition::End)
    }

    fn fail_state(
        &mut self,
        state: &State,
        error: &Words,
        cause: &Words,
    ) -> Result<Continuation, Failure> {
        let error = self.words(state, error)?;
        let cause = self.words(state, cause)?;
        Ok(self.fail(Failure::of_task(error, cause)))
    }

    fn words(&mut self, state: &State, words: &Words) -> Result<Option<String>, Failure> {
        match words {
            Words::None => Ok(None),
            Words::Literal(text) => Ok(Some(text.clone())),
            Words::Query(query) => {
                let input = self.input();
                self.text_of(state, query, &input).map(Some)
            }
            Words::Expression(field, expression) => {
                let input = self.input();
                let value = self
                    .within(state, &input, |scope| expression.evaluate(field, scope))
                    .map_err(|error| self.expression_failure(&error))?;
                match value {
                    Value::String(text) => Ok(Some(text)),
                    other => Err(self.runtime(&format!(
                        "The field '{field}' must refer to a string, but it refers to {other}"
                    ))),
                }
            }
        }
    }
}

fn is_decimal(value: &Value) -> bool {
    value.is_f64()
}

/// A value as a message shows it: text without its quotes.
fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
