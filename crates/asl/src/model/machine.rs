//! A compiled definition: states as types, fields parsed, transitions checked. Read-only, so that all
//! executions of a definition share one. Parsing is in `definition`, running in `advance`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::model::choice::Condition;
use crate::model::diagnostic::{Diagnostic, Unserved};
use crate::model::resource::Resource;
use crate::model::state_kind::StateKind;
use rampmeter_expression::Expression;
use rampmeter_expression::Template;
use rampmeter_expression::jsonata;
use rampmeter_expression::path::{Path, ReferencePath};

/// A compiled definition.
#[derive(Debug)]
pub struct StateMachine {
    pub(crate) graph: Graph,
    /// The states of all branches and item processors, at any depth: names are unique within a
    /// definition, so a frame finds its state by name alone.
    pub(crate) inner: BTreeMap<String, State>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) notes: Notes,
}

/// Notes about a sound definition, in the order of the definition.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) unserved: Vec<Unserved>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) express_faults: Vec<Diagnostic>,
}

impl Body {
    /// Moves the states of the graphs below the state, at any depth, out of them.
    fn take_inner(&mut self, inner: &mut BTreeMap<String, State>) {
        let graphs = match self {
            Self::Parallel(parallel) => parallel.branches.as_mut_slice(),
            Self::Map(map) => std::slice::from_mut(&mut map.processor),
            _ => &mut [],
        };
        for graph in graphs {
            for (name, mut state) in std::mem::take(&mut graph.states) {
                state.body.take_inner(inner);
                inner.insert(name, state);
            }
        }
    }
}

impl Graph {
    /// Moves the states of all graphs below this one out of them.
    pub(crate) fn take_inner(&mut self) -> BTreeMap<String, State> {
        let mut inner = BTreeMap::new();
        for state in self.states.values_mut() {
            state.body.take_inner(&mut inner);
        }
        inner
    }
}

impl StateMachine {
    /// The states that this interpreter cannot run, in the order of the definition. An execution that
    /// reaches one fails there.
    #[must_use]
    pub fn unserved(&self) -> Vec<Unserved> {
        self.notes.unserved.clone()
    }

    /// What is allowed but probably not meant, such as a task that waits for a task token that it
    /// never passes on.
    #[must_use]
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.notes.warnings.clone()
    }

    /// What a machine of type EXPRESS may not have: tasks that wait for a task token, for a job or
    /// for an activity. To be reported as errors when the machine is created with that type.
    #[must_use]
    pub fn express_faults(&self) -> Vec<Diagnostic> {
        self.notes.express_faults.clone()
    }

    /// Bounds the time of its executions by `seconds`, whatever its `TimeoutSeconds`: AWS ends those of an EXPRESS machine
    /// after five minutes.
    pub fn end_within(&mut self, seconds: u64) {
        let own = self.timeout_seconds.unwrap_or(seconds);
        self.timeout_seconds = Some(own.min(seconds));
    }

    /// The machine's `TimeoutSeconds`.
    #[must_use]
    pub fn timeout_seconds(&self) -> Option<u64> {
        self.timeout_seconds
    }

    /// The state in which an execution starts.
    #[must_use]
    pub fn start_at(&self) -> &str {
        &self.graph.start_at
    }

    /// Where an execution begins: the machine, or the item processor of the Map state that the
    /// execution is a child of.
    pub(crate) fn start_of(&self, map_state: Option<&str>) -> &Graph {
        match map_state.map(|name| &self.state(name).body) {
            Some(Body::Map(map)) => &map.processor,
            _ => &self.graph,
        }
    }

    pub(crate) fn state(&self, name: &str) -> &State {
        self.graph
            .states
            .get(name)
            .or_else(|| self.inner.get(name))
            .expect("a frame stands in a state of its own definition")
    }
}

/// States and where they start: a machine, a branch or an item processor.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) start_at: String,
    pub(crate) states: BTreeMap<String, State>,
}

/// One state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) kind: StateKind,
    /// How data flows through it, in its query language.
    pub(crate) flow: Flow,
    pub(crate) body: Body,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    /// Set when this host cannot run the state: the end of "this host does not run ...".
    pub(crate) unserved: Option<String>,
}

impl State {
    pub(crate) fn task(&self) -> &TaskBody {
        match &self.body {
            Body::Task(task) => task,
            _ => unreachable!("only a Task state waits for an answer"),
        }
    }

    pub(crate) fn awaits_token(&self) -> bool {
        matches!(&self.body, Body::Task(task) if task.resource.awaits_token())
    }

    /// Whether its iterations are executions of their own.
    pub(crate) fn starts_map_run(&self) -> bool {
        matches!(&self.body, Body::Map(map) if map.distributed.is_some())
    }

    pub(crate) fn can_be_retried(&self) -> bool {
        matches!(
            self.kind,
            StateKind::Task | StateKind::Parallel | StateKind::Map
        )
    }
}

/// How data flows through a state: the fields that every type of state shares, by query language. What
/// only one type of state has is in its [`Body`].
#[derive(Debug)]
pub(crate) enum Flow {
    JsonPath(Box<JsonPathFlow>),
    Jsonata(Box<JsonataFlow>),
}

/// The data flow of a state in JSONPath. Fields that its type does not have are at their defaults,
/// which change nothing.
#[derive(Debug)]
pub(crate) struct JsonPathFlow {
    pub(crate) input_path: Selection,
    /// `Parameters`; in a Map state they are its `ItemSelector` and not here.
    pub(crate) parameters: Option<Template>,
    pub(crate) result_selector: Option<Template>,
    pub(crate) result_path: ResultPath,
    pub(crate) output_path: Selection,
    pub(crate) assign: Option<Template>,
}

/// The data flow of a state in JSONata.
#[derive(Debug)]
pub(crate) struct JsonataFlow {
    pub(crate) arguments: Option<jsonata::Template>,
    pub(crate) leaving: Leaving,
}

/// What a state, a choice rule or a catcher in JSONata leaves behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Leaving {
    pub(crate) output: Option<jsonata::Template>,
    /// An object.
    pub(crate) assign: Option<jsonata::Template>,
}

/// A template in the language of its state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AnyTemplate {
    JsonPath(Template),
    Jsonata(jsonata::Template),
}

/// The language of a state's expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryLanguage {
    JsonPath,
    Jsonata,
}

/// What a state does.
#[derive(Debug)]
pub(crate) enum Body {
    Pass {
        result: Option<Value>,
        next: Transition,
    },
    Task(Box<TaskBody>),
    Choice {
        rules: Vec<Rule>,
        default: Option<String>,
    },
    /// A Choice state in JSONata.
    QueryChoice {
        rules: Vec<QueryRule>,
        default: Option<String>,
    },
    Wait {
        until: Until,
        next: Transition,
    },
    Succeed,
    Fail {
        error: Words,
        cause: Words,
    },
    Parallel(Box<ParallelBody>),
    Map(Box<MapBody>),
}

/// A Task state.
#[derive(Debug)]
pub(crate) struct TaskBody {
    pub(crate) resource: Resource,
    /// The role to call it with, which this host reads and shows but does not assume.
    pub(crate) credentials: Option<AnyTemplate>,
    pub(crate) timeout: Duration,
    pub(crate) heartbeat: Duration,
    pub(crate) next: Transition,
}

/// A Parallel state.
#[derive(Debug)]
pub(crate) struct ParallelBody {
    /// Their states are in [`StateMachine::inner`].
    pub(crate) branches: Vec<Graph>,
    pub(crate) next: Transition,
}

/// A Map state.
#[derive(Debug)]
pub(crate) struct MapBody {
    /// Its states are in [`StateMachine::inner`].
    pub(crate) processor: Graph,
    /// How its iterations run as executions of their own, if they do.
    pub(crate) distributed: Option<Distributed>,
    pub(crate) items: Items,
    /// `ItemSelector`, or `Parameters`, its former name.
    pub(crate) item_selector: Option<AnyTemplate>,
    pub(crate) max_concurrency: Amount,
    pub(crate) tolerated_count: Amount,
    pub(crate) tolerated_percentage: Amount,
    pub(crate) next: Transition,
}

/// Where a Map state gets its items.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Items {
    /// `ItemsPath`; `$` if it is not given.
    Path(Path),
    /// `Items` in JSONata.
    Query(jsonata::Template),
    /// The input of the state, in JSONata.
    Input,
}

/// A number that a field holds, or its `Path` points to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Amount {
    None,
    Number(Number),
    /// The name of the field without `Path`, and the path.
    Path(&'static str, Path),
    /// An expression in JSONata.
    Query(jsonata::Query),
}

/// What only a Distributed Map has.
#[derive(Debug)]
pub(crate) struct Distributed {
    pub(crate) label: Option<String>,
    /// Whether its child executions are of type EXPRESS.
    pub(crate) is_express: bool,
    pub(crate) batcher: Option<Batcher>,
    /// What `ItemReader` and `ResultWriter` say about their files.
    pub(crate) files: Vec<FileFields>,
    /// Whether results that are arrays are put together into one (`ResultWriter`, `FLATTEN`).
    pub(crate) flattens: bool,
}

/// The fields of an `ItemReader` or a `ResultWriter` that are evaluated. This host reads and writes no files: they are
/// kept for the variables that they refer to.
#[derive(Debug)]
pub(crate) struct FileFields {
    /// `Parameters` or `Arguments`: which file.
    pub(crate) location: Option<AnyTemplate>,
    /// `ReaderConfig` or `WriterConfig`.
    pub(crate) config: Option<AnyTemplate>,
    /// `MaxItemsPath`.
    pub(crate) max_items: Option<Path>,
}

/// `ItemBatcher`.
#[derive(Debug)]
pub(crate) struct Batcher {
    pub(crate) max_items: Amount,
    pub(crate) max_bytes: Amount,
    pub(crate) batch_input: Option<AnyTemplate>,
}

/// Where a state leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    Next(String),
    End,
}

/// `InputPath` and `OutputPath`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selection {
    Path(Path),
    /// `null`: an empty object.
    Nothing,
}

/// `ResultPath`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ResultPath {
    Write(ReferencePath),
    /// `null`: the result is dropped.
    Drop,
}

/// `TimeoutSeconds` and `HeartbeatSeconds`, or their `Path`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Duration {
    None,
    Seconds(u64),
    /// The name of the field, and the path.
    Path(&'static str, Path),
    /// An expression in JSONata.
    Query(jsonata::Query),
}

/// What a Wait state waits for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Until {
    Seconds(u64),
    SecondsPath(Path),
    Timestamp(Timestamp),
    TimestampPath(Path),
    /// `Seconds` in JSONata.
    SecondsQuery(jsonata::Query),
    /// `Timestamp` in JSONata.
    TimestampQuery(jsonata::Query),
}

/// The `Error` or `Cause` of a Fail state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    None,
    Literal(String),
    /// The name of the field, and what it holds.
    Expression(&'static str, Expression),
    /// An expression in JSONata.
    Query(jsonata::Query),
}

/// A rule of a Choice state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) condition: Condition,
    /// The variables it assigns, instead of those of its state.
    pub(crate) assign: Option<Template>,
    pub(crate) next: String,
}

/// A rule of a Choice state in JSONata.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueryRule {
    /// A truth value, or the expression of one.
    pub(crate) condition: jsonata::Template,
    pub(crate) leaving: Leaving,
    pub(crate) next: String,
}

/// A retrier.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: u64,
    pub(crate) max_attempts: u32,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<u64>,
    pub(crate) full_jitter: bool,
}

/// A catcher.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<String>,
    pub(crate) result_path: ResultPath,
    /// The variables it assigns, instead of those of its state.
    pub(crate) assign: Option<Template>,
    /// The same and its output, in JSONata.
    pub(crate) leaving: Leaving,
    pub(crate) next: String,
}
