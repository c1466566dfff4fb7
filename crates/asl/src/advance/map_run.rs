//! Distributed Map states: batches, the map run that the host is asked to start, the inputs of its
//! child executions, and its end. The items come from the input; reading them from a file and writing
//! results to one is not here.

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::{Continuation, Run};
use crate::execution::event::{Detail, StateKind};
use crate::execution::frame::{Frame, Progress, Rest, Shared};
use crate::execution::join::{ChildFailure, Fork, Tolerance};
use crate::execution::stimulus::{Context, Effect, MapRun};
use crate::model::machine::{Batcher, Body, Distributed, MapBody, State, StateMachine};
use rampmeter_expression::Payload;
use rampmeter_expression::intrinsic::uuid;

/// The input of one child execution of a map run. `parent` is the frame that waits for the map run,
/// `context` that of its execution.
///
/// # Errors
/// When the `ItemSelector` or the `BatchInput` fails: the child counts as one that failed so.
pub fn map_run_input(
    machine: &StateMachine,
    parent: &Frame,
    index: u32,
    context: &mut Context<'_>,
) -> Result<Payload, ChildFailure> {
    let mut frame = parent.clone();
    let mut run = Run {
        machine,
        budget: 0,
        progress: Progress::default(),
        token_event: None,
        item: None,
        probe: None,
        frame: &mut frame,
        context,
        events: Vec::new(),
        effects: Vec::new(),
    };
    run.item_input(index).map_err(|failure| ChildFailure {
        error: failure.error,
        cause: failure.cause,
    })
}

impl Run<'_, '_> {
    /// What the child executions work on: the items, or batches of them as they were selected.
    pub(super) fn batches(
        &mut self,
        state: &State,
        map: &MapBody,
        distributed: &Distributed,
        input: &Payload,
        items: Payload,
    ) -> Result<Payload, Failure> {
        let Some(batcher) = &distributed.batcher else {
            return Ok(items);
        };
        let limits = self.batch_limits(state, batcher, input)?;
        let selected = self.select_all(state, map, input, &items)?;
        Ok(Payload::from_value(into_batches(selected, limits)))
    }

    fn batch_limits(
        &mut self,
        state: &State,
        batcher: &Batcher,
        input: &Payload,
    ) -> Result<BatchLimits, Failure> {
        let items = self.count(state, &batcher.max_items, input)?;
        let bytes = self.count(state, &batcher.max_bytes, input)?;
        if items == Some(0) || bytes == Some(0) {
            return Err(self.runtime("The limits of ItemBatcher must be positive."));
        }
        let around = match &batcher.batch_input {
            None => 0,
            Some(template) => {
                self.fill_any(state, template, input)?.len() + r#","BatchInput":"#.len()
            }
        };
        let size = |most: Option<u64>| {
            most.and_then(|most| usize::try_from(most).ok())
                .unwrap_or(usize::MAX)
        };
        Ok(BatchLimits {
            items: size(items),
            bytes: size(bytes).saturating_sub(around),
        })
    }

    fn select_all(
        &mut self,
        state: &State,
        map: &MapBody,
        input: &Payload,
        items: &Payload,
    ) -> Result<Vec<Value>, Failure> {
        let listed = items.value().as_array().map_or(&[][..], Vec::as_slice);
        let Some(template) = &map.item_selector else {
            return Ok(listed.to_vec());
        };
        let mut selected = Vec::with_capacity(listed.len());
        for index in (0..u32::MAX).take(listed.len()) {
            self.item = Some((index, items.clone()));
            selected.push(self.fill_any(state, template, input)?.value().clone());
        }
        self.item = None;
        Ok(selected)
    }

    /// Asks for the child executions and waits for them.
    pub(super) fn start_map_run(
        &mut self,
        distributed: &Distributed,
        input: Payload,
        children: Payload,
        concurrency: u32,
        tolerance: Tolerance,
    ) -> Result<Continuation, Failure> {
        let total = children.value().as_array();
        let is_batched = distributed.batcher.is_some();
        let items = total.map_or(0, |children| {
            let of = |child: &Value| child.as_array().filter(|_| is_batched).map_or(1, Vec::len);
            children.iter().map(of).sum()
        });
        let total = u32::try_from(total.map_or(0, Vec::len)).unwrap_or(u32::MAX);
        let label = match &distributed.label {
            Some(label) => label.clone(),
            None => uuid((self.context.random)(), (self.context.random)()),
        };
        let id = uuid((self.context.random)(), (self.context.random)());
        let arn = map_run_arn(self.context, &label, &id);
        let event = self.emit(Detail::MapRunStarted { arn: arn.clone() })?;
        self.frame.rest = Rest::Forked { event };
        self.frame.shared = Some(Shared {
            input,
            items: Some(children),
            event,
            map_run: Some(arn.clone()),
        });
        // Without a limit none may fail, and even the first that does is one over the threshold.
        let tolerance = if tolerance.is_set() {
            tolerance
        } else {
            Tolerance {
                count: Some(0),
                percentage: None,
            }
        };
        self.effects.push(Effect::StartMapRun(MapRun {
            fork: Fork {
                parent: self.frame.id,
                first: 0,
                total,
                concurrency,
                event,
                tolerance,
            },
            arn,
            label,
            state: self.frame.state.clone(),
            is_express: distributed.is_express,
            items: u64::try_from(items).unwrap_or(u64::MAX),
            is_batched,
        }));
        Ok(Continuation::Rest)
    }

    pub(super) fn item_input(&mut self, index: u32) -> Result<Payload, Failure> {
        let machine = self.machine;
        let state = machine.state(&self.frame.state);
        let (Body::Map(map), Some(shared)) = (&state.body, self.frame.shared.clone()) else {
            return Err(Failure::without_parent());
        };
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let item = shared
            .items
            .as_ref()
            .and_then(|items| items.value().get(at));
        let item = item.ok_or_else(Failure::without_parent)?;
        let batcher = map
            .distributed
            .as_ref()
            .and_then(|map| map.batcher.as_ref());
        if let Some(batcher) = batcher {
            let mut batch = Map::new();
            if let Some(template) = &batcher.batch_input {
                let common = self.fill_any(state, template, &shared.input)?;
                batch.insert("BatchInput".to_owned(), common.value().clone());
            }
            batch.insert("Items".to_owned(), item.clone());
            return self.limited(Payload::from_value(Value::Object(batch)));
        }
        match &map.item_selector {
            None => Ok(Payload::from_value(item.clone())),
            Some(template) => {
                self.item = shared.items.clone().map(|items| (index, items));
                self.fill_any(state, template, &shared.input)
            }
        }
    }

    /// The child executions have ended.
    pub(super) fn map_run_ended(
        &mut self,
        state: &State,
        failure: Option<ChildFailure>,
    ) -> Result<Continuation, Failure> {
        let started = self.frame.last;
        if let Some(ChildFailure { error, cause }) = failure {
            self.emit(Detail::MapRunFailed {
                error: error.clone(),
                cause: cause.clone(),
            })?;
            return Err(Failure::below(error, cause));
        }
        self.emit(Detail::MapRunSucceeded)?;
        self.emit_aside(Detail::StateSucceeded {
            kind: StateKind::Map,
        })?;
        // As recorded ten times: the state is left because of MapRunStarted, unless it is the first
        // of its execution, which is left because of MapRunSucceeded.
        if self.frame.entered > 2 {
            self.frame.last = started;
        }
        let mut results = (self.context.results)();
        if matches!(&state.body, Body::Map(map) if map.distributed.as_ref().is_some_and(|map| map.flattens))
        {
            results = flat(&results);
        }
        self.leave_joined(state, &results)
    }
}

/// How large a batch may be: in items, and in bytes of JSON text.
#[derive(Clone, Copy, Debug)]
struct BatchLimits {
    items: usize,
    bytes: usize,
}

/// Puts items into batches, in their order. An item that is too large for any batch is in one of its
/// own.
fn into_batches(items: Vec<Value>, limits: BatchLimits) -> Value {
    // The text around the items: {"Items":[]}
    const AROUND: usize = r#"{"Items":[]}"#.len();
    let mut batches: Vec<Vec<Value>> = Vec::new();
    let mut size = AROUND;
    for item in items {
        let length = item.to_string().len();
        let room = batches.last().filter(|batch| {
            batch.len() < limits.items && size.saturating_add(length + 1) <= limits.bytes
        });
        if room.is_none() {
            batches.push(Vec::new());
            size = AROUND;
        } else {
            size += 1;
        }
        size += length;
        if let Some(batch) = batches.last_mut() {
            batch.push(item);
        }
    }
    json!(batches)
}

/// Results of which those that are arrays stand for their items.
fn flat(results: &[Payload]) -> Vec<Payload> {
    let mut flat = Vec::new();
    for result in results {
        match result.value() {
            Value::Array(items) => flat.extend(items.iter().cloned().map(Payload::from_value)),
            _ => flat.push(result.clone()),
        }
    }
    flat
}

/// `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:ID`.
fn map_run_arn(context: &Context<'_>, label: &str, id: &str) -> String {
    let prefix: Vec<&str> = context.machine_arn.split(':').take(5).collect();
    let machine = context.machine_name;
    format!("{}:mapRun:{machine}/{label}:{id}", prefix.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(items: &[Value], limits: BatchLimits) -> Value {
        into_batches(items.to_vec(), limits)
    }

    #[test]
    fn a_batch_ends_when_it_has_enough_items_or_bytes() {
        let items = [json!(1), json!(2), json!(3)];
        let by_items = BatchLimits {
            items: 2,
            bytes: usize::MAX,
        };
        assert_eq!(batches(&items, by_items), json!([[1, 2], [3]]));
        // {"Items":[1,2]} has 15 bytes.
        for (bytes, expected) in [(15, json!([[1, 2], [3]])), (14, json!([[1], [2], [3]]))] {
            let by_bytes = BatchLimits {
                items: usize::MAX,
                bytes,
            };
            assert_eq!(batches(&items, by_bytes), expected);
        }
    }

    #[test]
    fn an_item_that_is_too_large_is_alone() {
        let limits = BatchLimits {
            items: 10,
            bytes: 20,
        };
        let long = "x".repeat(30);
        assert_eq!(
            batches(&[json!(1), json!(long), json!(2)], limits),
            json!([[1], [long], [2]])
        );
        assert_eq!(batches(&[], limits), json!([]));
    }
}
