//! What the expressions of a state can see: its input and the context object (`$$`). The context
//! object is built on demand, and only as far as a path can reach into it, because the execution's
//! input may have to be read from the store and a task token has to be minted.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use rampmeter_expression::path::{Missing, Path, Root};
use rampmeter_expression::{Budget, Payload, Scope, text_size, timestamp};
use serde_json::{Map, Value, json};

use crate::execution::event::EventId;
use crate::execution::frame::Frame;
use crate::execution::items;
use crate::execution::stimulus::Context;

/// The one part of the context object that can be large.
const EXECUTION_INPUT: [&str; 2] = ["Execution", "Input"];

/// The state that is being executed, as far as `$$` shows it.
#[derive(Clone, Debug)]
pub(crate) struct StateFacts {
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) entered_at: i64,
    /// How often the state was retried in this entry; only states that can be retried show it.
    pub(crate) retry_count: Option<u32>,
    /// The `TaskScheduled` event that a task token would belong to, in a state that waits for one.
    pub(crate) token_event: Option<EventId>,
    /// The number of the item that is being prepared, and all items; without it, the item is the one
    /// that the frame works on.
    pub(crate) item: Option<(u32, Payload)>,
    /// What `$$` shows in a test, instead of all that.
    pub(crate) stand_in: Option<Arc<Value>>,
}

/// What an expression evaluates in.
#[derive(Debug)]
pub(crate) struct StateScope<'s, 'c> {
    input: &'s Value,
    facts: &'s StateFacts,
    frame: &'s Frame,
    context: &'s mut Context<'c>,
    /// The input of the execution, once it was asked for.
    execution_input: OnceCell<Payload>,
    budget: Budget,
}

/// The variable of this name in the frames above one, nearest first.
pub(crate) fn outer_variable(frame: &Frame, context: &Context<'_>, name: &str) -> Option<Payload> {
    let mut above = frame.parent;
    while let Some(frame) = above.and_then(context.parent) {
        if let Some(value) = frame.variables.get(name) {
            return Some(value.clone());
        }
        above = frame.parent;
    }
    None
}

/// `Map` of the context object: the item that a frame works on, if it is or is inside an iteration.
fn map_item(facts: &StateFacts, frame: &Frame, context: &Context<'_>) -> Option<Value> {
    let item_of = |items: &Payload, index: u32| {
        let item = items::item(items.value(), index)?;
        Some(json!({ "Item": item.in_context() }))
    };
    if let Some((index, items)) = &facts.item {
        return item_of(items, *index);
    }
    let mut parent = (context.parent)(frame.parent?)?;
    let (mut is_iteration, mut index) = (frame.iteration_of.is_some(), frame.index);
    while !is_iteration {
        (is_iteration, index) = (parent.iteration_of.is_some(), parent.index);
        parent = (context.parent)(parent.parent?)?;
    }
    item_of(parent.shared.as_ref()?.items.as_ref()?, index)
}

impl<'s, 'c> StateScope<'s, 'c> {
    pub(crate) fn new(
        input: &'s Value,
        facts: &'s StateFacts,
        frame: &'s Frame,
        context: &'s mut Context<'c>,
    ) -> Self {
        Self {
            budget: context.effort.budget(),
            input,
            facts,
            frame,
            context,
            execution_input: OnceCell::new(),
        }
    }

    fn execution_input(&self) -> &Payload {
        self.execution_input
            .get_or_init(|| (self.context.execution_input)())
    }
}

impl Scope for StateScope<'_, '_> {
    fn input(&self) -> &Value {
        self.input
    }

    fn look(&self, path: &Path) -> Result<Cow<'_, Value>, Missing> {
        match path.root() {
            Root::Input => path.find(self.input, &self.budget),
            Root::Context
                if path.starts_with(&EXECUTION_INPUT) && self.facts.stand_in.is_none() =>
            {
                path.find_after(
                    &EXECUTION_INPUT,
                    self.execution_input().value(),
                    &self.budget,
                )
            }
            Root::Context => {
                let object = self.context_object(&|names| path.may_reach(names));
                self.budget.spend(text_size(&object))?;
                path.find(&object, &self.budget)
                    .map(|found| Cow::Owned(found.into_owned()))
            }
            Root::Variable(name) => match self.frame.variables.get(name) {
                Some(own) => path.find(own.value(), &self.budget),
                None => match outer_variable(self.frame, self.context, name) {
                    Some(outer) => path
                        .find(outer.value(), &self.budget)
                        .map(|found| Cow::Owned(found.into_owned())),
                    None => Err(Missing::variable(name)),
                },
            },
        }
    }

    fn searched(&self, path: &Path) -> String {
        match path.root() {
            Root::Input | Root::Variable(_) => self.input.to_string(),
            Root::Context => self
                .context_object(&|names| path.may_reach(names))
                .to_string(),
        }
    }

    fn random(&mut self) -> u64 {
        (self.context.random)()
    }

    fn now(&self) -> i64 {
        self.context.now
    }

    fn variable(&self, name: &str) -> Option<Payload> {
        let own = self.frame.variables.get(name).cloned();
        own.or_else(|| outer_variable(self.frame, self.context, name))
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn context_object(&self, may_reach: &dyn Fn(&[&str]) -> bool) -> Value {
        let context = &*self.context;
        if let Some(object) = &self.facts.stand_in {
            let mut object = Value::clone(object);
            if let Some(map) = map_item(self.facts, self.frame, context) {
                object["Map"] = map;
            }
            return object;
        }
        let mut execution = Map::new();
        execution.insert("Id".to_owned(), json!(context.execution_arn));
        if may_reach(&EXECUTION_INPUT) {
            execution.insert("Input".to_owned(), self.execution_input().value().clone());
        }
        execution.insert(
            "StartTime".to_owned(),
            json!(timestamp::write(context.started_at)),
        );
        execution.insert("Name".to_owned(), json!(context.execution_name));
        execution.insert("RoleArn".to_owned(), json!(context.role_arn));
        // Executions of EXPRESS machines, recognised by their ARNs, cannot be redriven.
        if context.execution_arn.split(':').nth(5) != Some("express") {
            execution.insert("RedriveCount".to_owned(), json!(context.redrive_count));
            if let Some(at) = context.redriven_at {
                execution.insert("RedriveTime".to_owned(), json!(timestamp::write(at)));
            }
        }

        let mut state = Map::new();
        state.insert("Name".to_owned(), json!(self.facts.name));
        state.insert(
            "EnteredTime".to_owned(),
            json!(timestamp::write(self.facts.entered_at)),
        );
        if let Some(count) = self.facts.retry_count {
            state.insert("RetryCount".to_owned(), json!(count));
        }

        let mut object = Map::new();
        object.insert("Execution".to_owned(), Value::Object(execution));
        object.insert(
            "StateMachine".to_owned(),
            json!({ "Id": context.machine_arn, "Name": context.machine_name }),
        );
        object.insert("State".to_owned(), Value::Object(state));
        if may_reach(&["Map", "Item"])
            && let Some(map) = map_item(self.facts, self.frame, context)
        {
            object.insert("Map".to_owned(), map);
        }
        if let Some(event) = self
            .facts
            .token_event
            .filter(|_| may_reach(&["Task", "Token"]))
        {
            object.insert(
                "Task".to_owned(),
                json!({ "Token": (context.task_token)(event) }),
            );
        }
        Value::Object(object)
    }
}
