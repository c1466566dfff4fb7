//! The states that call nothing: Pass, Choice, Wait, Succeed and Fail.

use serde_json::Value;

use super::ActiveState;
use crate::advance::failure::Failure;
use crate::advance::fields::Made;
use crate::advance::run::{Continuation, after};
use crate::execution::frame::Rest;
use crate::execution::stimulus::{Timer, TimerKind};
use crate::model::machine::{Body, QueryRule, Rule, Transition, Until, Words};
use rampmeter_expression::jsonata::Known;
use rampmeter_expression::{Payload, timestamp};

impl ActiveState<'_, '_, '_> {
    pub(in crate::advance) fn pass(
        mut self,
        result: Option<&Value>,
        next: &Transition,
    ) -> Result<Continuation, Failure> {
        let mut fields = self.fields();
        let input = fields.effective_input()?;
        let result = match result {
            Some(result) => fields.limited(Payload::from_value(result.clone()))?,
            None => fields.arguments(&input)?,
        };
        self.leave(&Made::result(&result), next)
    }

    pub(in crate::advance) fn choose(
        mut self,
        rules: &[Rule],
        default: Option<&str>,
    ) -> Result<Continuation, Failure> {
        let mut fields = self.fields();
        let input = fields.effective_input()?;
        let chosen = fields.json_path().matching_rule(rules, &input)?;
        let next = chosen.map(|rule| rule.next.as_str()).or(default);
        let Some(next) = next else {
            return Err(self.no_choice_matched());
        };
        let made = Made {
            rule: chosen.and_then(|rule| rule.assign.as_ref()),
            ..Made::nothing(&input)
        };
        self.leave(&made, &Transition::Next(next.to_owned()))
    }

    pub(in crate::advance) fn choose_by_query(
        mut self,
        rules: &[QueryRule],
        default: Option<&str>,
    ) -> Result<Continuation, Failure> {
        let mut fields = self.fields();
        let input = fields.effective_input()?;
        let chosen = fields.jsonata().matching_rule(rules)?;
        let next = chosen.map(|rule| rule.next.as_str()).or(default);
        let Some(next) = next else {
            return Err(self.no_choice_matched());
        };
        let next = Transition::Next(next.to_owned());
        match chosen {
            None => self.leave(&Made::nothing(&input), &next),
            Some(rule) => {
                let mut jsonata = fields.jsonata();
                let left = jsonata.left(&rule.leaving, Known::default(), &input)?;
                self.run.exit(self.definition, left, &next)
            }
        }
    }

    fn no_choice_matched(&mut self) -> Failure {
        let reason =
            "Failed to transition out of the state. The state does not point to a next state.";
        self.fields()
            .runtime_known_as(reason, "States.NoChoiceMatched")
    }

    pub(in crate::advance) fn wait(mut self, until: &Until) -> Result<Continuation, Failure> {
        let now = self.run.now;
        let mut fields = self.fields();
        let input = fields.effective_input()?;
        let at = match until {
            Until::Seconds(seconds) => after(now, *seconds),
            Until::SecondsPath(path) => {
                let seconds = fields.json_path().seconds("SecondsPath", path, &input)?;
                after(now, seconds)
            }
            Until::SecondsQuery(query) => after(now, fields.jsonata().seconds(query, &input, 0)?),
            Until::Timestamp(moment) => timestamp::ceil_millisecond(*moment),
            Until::TimestampPath(path) => {
                timestamp::ceil_millisecond(fields.json_path().moment(path, &input)?)
            }
            Until::TimestampQuery(query) => {
                timestamp::ceil_millisecond(fields.jsonata().moment(query, &input)?)
            }
        };
        if at <= now {
            return self.wait_over();
        }
        let event = self.run.frame.entered;
        self.run.frame.rest = Rest::Timer { event, at };
        self.run.set_timer(Timer {
            at,
            event,
            kind: TimerKind::Wait,
        });
        Ok(Continuation::Rest)
    }

    /// Leaves a Wait state.
    pub(in crate::advance) fn wait_over(mut self) -> Result<Continuation, Failure> {
        let Body::Wait { next, .. } = &self.definition.body else {
            unreachable!("only a Wait state sets the timer of a wait")
        };
        let input = self.fields().effective_input()?;
        self.leave(&Made::nothing(&input), next)
    }

    pub(in crate::advance) fn succeed(mut self) -> Result<Continuation, Failure> {
        let input = self.fields().effective_input()?;
        self.leave(&Made::nothing(&input), &Transition::End)
    }

    pub(in crate::advance) fn fail(
        mut self,
        error: &Words,
        cause: &Words,
    ) -> Result<Continuation, Failure> {
        let error = self.words(error)?;
        let cause = self.words(cause)?;
        Ok(self.run.fail(Failure::of_task(error, cause)))
    }

    /// The `Error` or `Cause` of a Fail state.
    fn words(&mut self, words: &Words) -> Result<Option<String>, Failure> {
        let mut fields = self.fields();
        match words {
            Words::None => Ok(None),
            Words::Literal(text) => Ok(Some(text.clone())),
            Words::Query(query) => {
                let input = fields.raw_input();
                fields.jsonata().text(query, &input).map(Some)
            }
            Words::Expression(field, expression) => {
                fields.json_path().text(field, expression).map(Some)
            }
        }
    }
}
