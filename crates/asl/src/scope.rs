//! What the expressions of a state can see: its input and the context object (`$$`). The context
//! object is built on demand, and only as far as a path can reach into it, because the execution's
//! input may have to be read from the store and a task token has to be minted.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::event::EventId;
use crate::path::{Missing, Path, Root};
use crate::stimulus::Context;
use crate::timestamp;

/// How many bytes of data the expressions of one state may produce on the way to their result.
/// Generous, so that only definitions made to exhaust memory meet it.
const WORK_LIMIT: usize = 16 * 1024 * 1024;

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
}

/// What an expression evaluates in.
#[derive(Debug)]
pub(crate) struct Scope<'s, 'c> {
    pub(crate) input: &'s Value,
    facts: &'s StateFacts,
    context: &'s mut Context<'c>,
    work: usize,
}

/// The expressions of a state produced more data than [`WORK_LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuchData;

impl<'s, 'c> Scope<'s, 'c> {
    pub(crate) fn new(
        input: &'s Value,
        facts: &'s StateFacts,
        context: &'s mut Context<'c>,
    ) -> Self {
        Self {
            input,
            facts,
            context,
            work: WORK_LIMIT,
        }
    }

    /// What a path points to, copied only where it must be.
    pub(crate) fn look(&self, path: &Path) -> Result<Cow<'s, Value>, Missing> {
        match path.root() {
            Root::Input => path.find(self.input),
            Root::Context => {
                let object = self.context_object(path);
                path.find(&object)
                    .map(|found| Cow::Owned(found.into_owned()))
            }
            Root::Variable(name) => Err(Missing::variable(name)),
        }
    }

    /// A copy of what a path points to.
    pub(crate) fn find(&self, path: &Path) -> Result<Value, Missing> {
        self.look(path).map(Cow::into_owned)
    }

    /// The document that a path was looked up in, as an error message shows it.
    pub(crate) fn searched(&self, path: &Path) -> String {
        match path.root() {
            Root::Input | Root::Variable(_) => self.input.to_string(),
            Root::Context => self.context_object(path).to_string(),
        }
    }

    /// 64 random bits.
    pub(crate) fn random(&mut self) -> u64 {
        (self.context.random)()
    }

    /// Counts data that an expression produced.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), TooMuchData> {
        self.work = self.work.checked_sub(bytes).ok_or(TooMuchData)?;
        Ok(())
    }

    fn context_object(&self, path: &Path) -> Value {
        let context = &*self.context;
        let mut execution = Map::new();
        execution.insert("Id".to_owned(), json!(context.execution_arn));
        if path.may_reach(&["Execution", "Input"]) {
            let input = (context.execution_input)();
            execution.insert("Input".to_owned(), input.value().clone());
        }
        execution.insert(
            "StartTime".to_owned(),
            json!(timestamp::write(context.started_at)),
        );
        execution.insert("Name".to_owned(), json!(context.execution_name));
        execution.insert("RoleArn".to_owned(), json!(context.role_arn));
        execution.insert("RedriveCount".to_owned(), json!(context.redrive_count));

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
        if let Some(event) = self
            .facts
            .token_event
            .filter(|_| path.may_reach(&["Task", "Token"]))
        {
            object.insert(
                "Task".to_owned(),
                json!({ "Token": (context.task_token)(event) }),
            );
        }
        Value::Object(object)
    }
}

/// About how many bytes a value takes as text: exact for most, never more than the text has.
pub(crate) fn text_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(_) => 1,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => {
            items.iter().map(text_size).sum::<usize>() + items.len().saturating_sub(1) + 2
        }
        Value::Object(fields) => {
            let content: usize = fields
                .iter()
                .map(|(name, value)| name.len() + 3 + text_size(value))
                .sum();
            content + fields.len().saturating_sub(1) + 2
        }
    }
}
