//! What an evaluation may see of its execution, captured so that a thread beside the writer can read it: nothing is read
//! from the store afterwards.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rampmeter_asl::{Context, Effort, EventId, Frame, FrameId, Payload, StateMachine};

/// What the host can say at any time.
pub struct Host {
    /// Whether there is an activity with this ARN.
    pub activity_exists: Box<dyn Fn(&str) -> bool + Send>,
    /// Mints the task token of an event.
    pub task_token: Box<dyn Fn(EventId) -> String + Send>,
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Host").finish_non_exhaustive()
    }
}

/// A [`Context`] that does not change and can be sent to another thread.
pub struct FrozenContext {
    now: i64,
    region: String,
    execution_arn: String,
    execution_name: String,
    role_arn: String,
    started_at: i64,
    redrive_count: u32,
    redriven_at: Option<i64>,
    machine_arn: String,
    machine_name: String,
    execution_input: Payload,
    ancestors: BTreeMap<FrameId, Arc<Frame>>,
    results: Vec<Payload>,
    transitions: u32,
    host: Host,
}

impl fmt::Debug for FrozenContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FrozenContext")
            .field("execution_arn", &self.execution_arn)
            .finish_non_exhaustive()
    }
}

impl FrozenContext {
    /// Captures what a frame below `parent` may see. `is_joined`: its children have ended, and it may read their results.
    #[must_use]
    pub fn of(
        context: &Context<'_>,
        parent: Option<FrameId>,
        is_joined: bool,
        host: Host,
    ) -> FrozenContext {
        let mut ancestors = BTreeMap::new();
        let mut above = parent;
        while let Some(id) = above {
            let Some(frame) = (context.parent)(id) else {
                break;
            };
            above = frame.parent();
            ancestors.insert(id, frame);
        }
        FrozenContext {
            now: context.now,
            region: context.region.to_owned(),
            execution_arn: context.execution_arn.to_owned(),
            execution_name: context.execution_name.to_owned(),
            role_arn: context.role_arn.to_owned(),
            started_at: context.started_at,
            redrive_count: context.redrive_count,
            redriven_at: context.redriven_at,
            machine_arn: context.machine_arn.to_owned(),
            machine_name: context.machine_name.to_owned(),
            execution_input: (context.execution_input)(),
            ancestors,
            results: if is_joined {
                (context.results)()
            } else {
                Vec::new()
            },
            transitions: context.transitions,
            host,
        }
    }

    /// Runs the interpreter with it.
    pub(crate) fn thaw<T>(
        &self,
        machine: &StateMachine,
        effort: &Effort,
        run: impl FnOnce(&StateMachine, &mut Context<'_>) -> T,
    ) -> T {
        run(
            machine,
            &mut Context {
                now: self.now,
                region: &self.region,
                execution_arn: &self.execution_arn,
                execution_name: &self.execution_name,
                role_arn: &self.role_arn,
                started_at: self.started_at,
                redrive_count: self.redrive_count,
                redriven_at: self.redriven_at,
                machine_arn: &self.machine_arn,
                machine_name: &self.machine_name,
                execution_input: &|| self.execution_input.clone(),
                parent: &|id| self.ancestors.get(&id).cloned(),
                results: &|| self.results.clone(),
                activity_exists: &|arn| (self.host.activity_exists)(arn),
                task_token: &|event| (self.host.task_token)(event),
                random: &mut || getrandom::u64().expect("the operating system gives random bytes"),
                transitions: self.transitions,
                effort,
            },
        )
    }
}
