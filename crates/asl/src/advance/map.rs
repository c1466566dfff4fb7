//! Map states: their items, how many iterations may run and fail, and the beginning of an iteration.

use serde_json::Value;

use super::failure::Failure;
use super::{Continuation, Run};
use crate::execution::event::{Detail, Phase, StateKind};
use crate::execution::frame::{Frame, Shared};
use crate::execution::join::Tolerance;
use crate::execution::probe::Stage;
use crate::model::machine::{Amount, Flow, Items, MapBody, State};
use rampmeter_expression::Payload;
use rampmeter_expression::number;
use rampmeter_expression::path::Path;

/// How many iterations AWS runs at the same time in an inline Map at most.
const INLINE_CONCURRENCY: u32 = 40;

/// How many child executions AWS runs at the same time in a map run at most.
const DISTRIBUTED_CONCURRENCY: u32 = 10_000;

impl<'r> Run<'r, '_> {
    /// Begins an attempt of a Map state.
    pub(super) fn fork_iterations(
        &mut self,
        state: &'r State,
        map: &'r MapBody,
    ) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        let read = self.probe.as_ref().and_then(|probe| probe.items.clone());
        let items = match read {
            Some(items) => items,
            None => self.items(state, &map.items, &input)?,
        };
        if matches!(state.flow, Flow::JsonPath(_)) {
            self.show(Stage::AfterItemsPath, &items);
        }
        let concurrency = self.count(state, &map.max_concurrency, &input)?;
        let length = items.value().as_array().map_or(0, Vec::len);
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let event = self.emit(Detail::StateStarted {
            kind: StateKind::Map,
            length: Some(length),
        })?;
        // What may fail is of use to a Distributed Map only; AWS reads it for every Map.
        let tolerance = self.tolerance(state, map, &input)?;
        if let Some(probe) = &mut self.probe {
            probe.max_concurrency = Some(concurrency.unwrap_or(0));
            probe.tolerance = tolerance;
        }
        if self.probe.is_some() {
            // A mock stands in for all iterations, however many there are and wherever they run.
            self.show_iterations(state, map, &input, &items)?;
            self.fork(event, length, 1);
            return Ok(Continuation::Rest);
        }
        if length == 0 {
            self.emit_aside(Detail::StateSucceeded {
                kind: StateKind::Map,
            })?;
            return self.leave_joined(state, &[]);
        }
        if let Some(distributed) = &map.distributed {
            let concurrency = at_most(concurrency, DISTRIBUTED_CONCURRENCY);
            let children = self.batches(state, map, distributed, &input, items)?;
            return self.start_map_run(distributed, input, children, concurrency, tolerance);
        }
        self.fork(event, length, at_most(concurrency, INLINE_CONCURRENCY));
        self.frame.shared = Some(Shared {
            input,
            items: Some(items),
            event,
            map_run: None,
        });
        Ok(Continuation::Rest)
    }

    fn items(&mut self, state: &State, items: &Items, input: &Payload) -> Result<Payload, Failure> {
        let path = match items {
            Items::Path(path) => path,
            Items::Query(template) => return self.items_of(state, template, input),
            Items::Input if input.value().is_array() => return Ok(input.clone()),
            Items::Input => {
                let reason = format!(
                    "Map state input must be an array but was: {}",
                    input.value()
                );
                return Err(self.bad_input(&reason));
            }
        };
        let items = if path.is_input() {
            input.clone()
        } else {
            self.find(state, path, input).map(Payload::from_value)?
        };
        if items.value().is_array() {
            return Ok(items);
        }
        // AWS names a path into the context object by what follows its first `$`.
        let text = path.text();
        let text = text.strip_prefix('$').filter(|rest| rest.starts_with('$'));
        Err(self.runtime(&format!(
            "Reference path \"{}\" must point to array.",
            text.unwrap_or(path.text())
        )))
    }

    /// How many iterations may fail.
    fn tolerance(
        &mut self,
        state: &State,
        map: &MapBody,
        input: &Payload,
    ) -> Result<Tolerance, Failure> {
        let count = self.count(state, &map.tolerated_count, input)?;
        Ok(Tolerance {
            count,
            percentage: self.percentage(state, &map.tolerated_percentage, input)?,
        })
    }

    /// A whole number that is not negative. AWS takes a text that is one.
    pub(super) fn count(
        &mut self,
        state: &State,
        amount: &Amount,
        input: &Payload,
    ) -> Result<Option<u64>, Failure> {
        let (field, path) = match amount {
            Amount::None => return Ok(None),
            Amount::Number(number) => {
                return Ok(number::whole(number).and_then(|whole| u64::try_from(whole).ok()));
            }
            Amount::Query(query) => return self.count_of(state, query, input).map(Some),
            Amount::Path(field, path) => (*field, path),
        };
        let value = self.find(state, path, input)?;
        let whole = match &value {
            Value::Number(number) => number::whole(number),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let Some(whole) = whole else {
            return Err(self.no_amount(field, path, &value, "integer"));
        };
        u64::try_from(whole)
            .map(Some)
            .map_err(|_| self.runtime(&format!("{field} cannot be negative.")))
    }

    fn percentage(
        &mut self,
        state: &State,
        amount: &Amount,
        input: &Payload,
    ) -> Result<Option<f64>, Failure> {
        let (field, path) = match amount {
            Amount::None => return Ok(None),
            Amount::Number(number) => return Ok(number.as_f64()),
            Amount::Query(query) => return self.percentage_of(state, query, input).map(Some),
            Amount::Path(field, path) => (*field, path),
        };
        let value = self.find(state, path, input)?;
        let share = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok().filter(|share: &f64| share.is_finite()),
            _ => None,
        };
        let Some(share) = share else {
            return Err(self.no_amount(field, path, &value, "float"));
        };
        if (0.0..=100.0).contains(&share) {
            return Ok(Some(share));
        }
        Err(self.runtime(&format!("{field} must be between 0 and 100.")))
    }

    fn no_amount(&self, field: &str, path: &Path, value: &Value, kind: &str) -> Failure {
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        self.runtime(&format!(
            "The {field}Path field refers to value \"{shown}\" which is not a valid {kind}: {}",
            path.text()
        ))
    }

    /// The beginning of an iteration, and its input: the item, or what ItemSelector makes of it.
    pub(super) fn begin_iteration(
        &mut self,
        state: &State,
        map: &MapBody,
        parent: &Frame,
        shared: &Shared,
    ) -> Result<Payload, Failure> {
        self.frame.iteration_of = Some(parent.state.clone());
        self.emit(Detail::Iteration {
            phase: Phase::Started,
            name: parent.state.clone(),
            index: self.frame.index,
        })?;
        // ItemSelector belongs to the state around the iteration, and so does a failure in it.
        self.frame.state.clone_from(&parent.state);
        self.frame.entered = parent.entered;
        self.frame.entered_at = parent.entered_at;
        match &map.item_selector {
            Some(template) => self.fill_any(state, template, &shared.input),
            None => {
                let index = usize::try_from(self.frame.index).unwrap_or(usize::MAX);
                let items = shared.items.as_ref().map(Payload::value);
                let item = items.and_then(|items| items.get(index));
                let item = item.ok_or_else(Failure::without_parent)?;
                Ok(Payload::from_value(item.clone()))
            }
        }
    }
}

/// How many may run at once: 0 and nothing mean as many as AWS runs.
fn at_most(concurrency: Option<u64>, most: u32) -> u32 {
    match concurrency {
        None | Some(0) => most,
        Some(wanted) => u32::try_from(wanted).unwrap_or(most).min(most),
    }
}
