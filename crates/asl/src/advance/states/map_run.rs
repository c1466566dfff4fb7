//! Distributed Map states: the map run that the host is asked to start, and its end. Writing results to a file is not
//! here.

use serde_json::Value;

use super::MapState;
use crate::advance::failure::Failure;
use crate::advance::run::Continuation;
use crate::execution::event::{Detail, StateKind};
use crate::execution::frame::{Rest, Shared};
use crate::execution::items;
use crate::execution::join::{ChildFailure, Fork, Tolerance};
use crate::execution::stimulus::{Context, Effect, MapRun};
use crate::model::machine::Distributed;
use rampmeter_expression::Payload;
use rampmeter_expression::intrinsic::uuid;

impl MapState<'_, '_, '_> {
    /// Asks for the child executions and waits for them.
    pub(super) fn start_map_run(
        self,
        distributed: &Distributed,
        input: Payload,
        children: Payload,
        concurrency: u32,
        tolerance: Tolerance,
    ) -> Result<Continuation, Failure> {
        let total = items::count(children.value());
        let is_batched = distributed.batcher.is_some();
        let items = match children.value() {
            Value::Array(batches) if is_batched => batches.iter().map(items::count).sum(),
            _ => total,
        };
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        let (run, context) = (self.state.run, &mut *self.state.host.context);
        let label = match &distributed.label {
            Some(label) => label.clone(),
            None => uuid((context.random)(), (context.random)()),
        };
        let id = uuid((context.random)(), (context.random)());
        let arn = map_run_arn(context, &label, &id);
        let event = run.emit(Detail::MapRunStarted { arn: arn.clone() })?;
        run.frame.rest = Rest::Forked { event };
        run.frame.shared = Some(Shared {
            input,
            items: Some(children),
            event,
            map_run: Some(arn.clone()),
        });
        // Without a limit none may fail: the first failure already exceeds the threshold.
        let tolerance = if tolerance.is_set() {
            tolerance
        } else {
            Tolerance {
                count: Some(0),
                percentage: None,
            }
        };
        run.effects.push(Effect::StartMapRun(MapRun {
            fork: Fork {
                parent: run.frame.id,
                first: 0,
                total,
                concurrency,
                event,
                tolerance,
            },
            arn,
            label,
            state: run.frame.state.clone(),
            is_express: distributed.is_express,
            items: u64::try_from(items).unwrap_or(u64::MAX),
            is_batched,
        }));
        Ok(Continuation::Rest)
    }

    /// The child executions have ended.
    pub(super) fn map_run_ended(
        mut self,
        distributed: &Distributed,
        failure: Option<ChildFailure>,
    ) -> Result<Continuation, Failure> {
        let run = &mut *self.state.run;
        let started = run.frame.last;
        if let Some(ChildFailure { error, cause }) = failure {
            run.emit(Detail::MapRunFailed {
                error: error.clone(),
                cause: cause.clone(),
            })?;
            return Err(Failure::below(error, cause));
        }
        run.emit(Detail::MapRunSucceeded)?;
        run.emit_aside(Detail::StateSucceeded {
            kind: StateKind::Map,
        })?;
        // As recorded ten times: the state is left because of MapRunStarted, unless it is the first
        // of its execution, which is left because of MapRunSucceeded.
        if run.frame.entered > 2 {
            run.frame.last = started;
        }
        let mut results = (self.state.host.context.results)();
        if distributed.flattens {
            results = flat(&results);
        }
        self.state.leave_joined(&results)
    }
}

/// The results, with those that are arrays replaced by their items.
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
