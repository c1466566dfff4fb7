//! The window through which TestState observes an advance: the data between two fields of a state, the
//! retrier and the catcher that were chosen, and a context object that stands in for the real one. The
//! interpreter writes into it and never reads a decision from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::execution::join::Tolerance;
use rampmeter_expression::Payload;

/// Where in the flow of data through a state a payload was observed. The names are AWS's
/// (`InspectionData`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// After `InputPath`.
    AfterInputPath,
    /// After `Parameters`, in JSONPath.
    AfterParameters,
    /// After `Arguments`, in JSONata.
    AfterArguments,
    /// The result of a task, or the `Result` of a Pass state.
    Result,
    /// After `ResultSelector`.
    AfterResultSelector,
    /// After `ResultPath`.
    AfterResultPath,
    /// The items of a Map state.
    AfterItemsPath,
    /// The inputs of the iterations of a Map state.
    AfterItemSelector,
    /// The same in batches.
    AfterItemBatcher,
}

impl Stage {
    /// The name of the stage in AWS's answer.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::AfterInputPath => "afterInputPath",
            Self::AfterParameters => "afterParameters",
            Self::AfterArguments => "afterArguments",
            Self::Result => "result",
            Self::AfterResultSelector => "afterResultSelector",
            Self::AfterResultPath => "afterResultPath",
            Self::AfterItemsPath => "afterItemsPath",
            Self::AfterItemSelector => "afterItemSelector",
            Self::AfterItemBatcher => "afterItemBatcher",
        }
    }
}

/// What a test gives an advance and learns from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateProbe {
    /// What `$$` and `$states.context` show, in place of the real context object.
    pub(crate) context_object: Option<Arc<Value>>,
    /// The joint result of the branches or iterations of the state.
    pub(crate) result: Option<Payload>,
    /// The items of a Map state that reads them from elsewhere.
    pub(crate) items: Option<Payload>,
    /// What was observed so far; of two observations of a stage, the later one.
    pub(crate) seen: BTreeMap<Stage, Payload>,
    /// How many iterations of a Map state may run at once, 0 for as many as AWS runs.
    pub(crate) max_concurrency: Option<u64>,
    /// How many iterations of a Map state may fail.
    pub(crate) tolerance: Tolerance,
    /// The last error of the state and its cause.
    pub(crate) failure: Option<(Option<String>, Option<String>)>,
    /// The retrier that matched, and the delay in milliseconds unless it is used up.
    pub(crate) retrier: Option<(usize, Option<i64>)>,
    /// The catcher that matched.
    pub(crate) catcher: Option<usize>,
}
