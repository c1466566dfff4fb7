//! The table of fields: one row for each field of each object of a definition. It says who has the field, in which
//! query language, and what it may hold.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html>

use super::form::Form;
use crate::model::machine::QueryLanguage;
use crate::model::state_kind::StateKind::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};

use super::Owner::{self, *};
use Form::*;
use Language::*;

/// A field.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) owners: &'static [Owner],
    pub(super) language: Language,
    pub(super) form: Form,
}

/// The query languages that have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Both,
    JsonPath,
    Jsonata,
}

impl Language {
    pub(super) fn includes(self, language: QueryLanguage) -> bool {
        match self {
            Self::Both => true,
            Self::JsonPath => language == QueryLanguage::JsonPath,
            Self::Jsonata => language == QueryLanguage::Jsonata,
        }
    }
}

/// Fields of which an object has at most one.
pub(super) struct Alternatives {
    pub(super) owner: Owner,
    pub(super) names: &'static [&'static str],
    pub(super) missing: Missing,
}

/// What it means if none of them is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Allowed,
    /// Any of them is missing.
    AnyOf,
    /// The first is missing: the others are older names of it.
    First,
}

/// AWS's longest time: 99,999,999 seconds.
const MAX_SECONDS: u64 = 99_999_999;
/// AWS's longest `MaxDelaySeconds`.
const MAX_DELAY_SECONDS: u64 = 31_622_400;
/// AWS's largest `MaxInputBytesPerBatch`.
const MAX_BATCH_BYTES: u64 = 262_144;
/// AWS's largest `MaxItems`.
const MAX_ITEMS: u64 = 100_000_000;
const MAX_COUNT: u64 = u32::MAX as u64;
/// AWS's longest `Label`, in characters.
const MAX_LABEL_CHARS: usize = 40;

#[rustfmt::skip]
const EVERY: &[Owner] = &[
    State(Task), State(Pass), State(Choice), State(Wait), State(Succeed), State(Fail), State(Parallel), State(Map),
];
const LEADING_ON: &[Owner] = &[
    State(Task),
    State(Pass),
    State(Wait),
    State(Parallel),
    State(Map),
];
#[rustfmt::skip]
const WITH_DATA: &[Owner] = &[
    State(Task), State(Pass), State(Choice), State(Wait), State(Succeed), State(Parallel), State(Map),
];
#[rustfmt::skip]
const ASSIGNING: &[Owner] = &[
    State(Task), State(Pass), State(Choice), State(Wait), State(Parallel), State(Map), Catcher, Rule,
];
const MAKING: &[Owner] = &[State(Task), State(Pass), State(Parallel), State(Map)];
const RETRIED: &[Owner] = &[State(Task), State(Parallel), State(Map)];
const CALLING: &[Owner] = &[State(Task), State(Parallel)];
const GRAPHS: &[Owner] = &[Machine, Branch, Processor];
const RULES: &[Owner] = &[Rule, InnerRule];
const FILES: &[Owner] = &[Reader, Writer];
const TASK: &[Owner] = &[State(Task)];
const CHOICE: &[Owner] = &[State(Choice)];
const WAIT: &[Owner] = &[State(Wait)];
const FAIL: &[Owner] = &[State(Fail)];
const MAP: &[Owner] = &[State(Map)];

const LANGUAGES: &[&str] = &["JSONPath", "JSONata"];

const fn row(name: &'static str, owners: &'static [Owner], language: Language, form: Form) -> Row {
    Row {
        name,
        owners,
        language,
        form,
    }
}

/// All fields. A field that two owners have in different forms has a row for each.
#[rustfmt::skip]
pub(super) const FIELDS: &[Row] = &[
    // The machine, branches and item processors.
    row("Comment", GRAPHS, Both, Text),
    row("StartAt", GRAPHS, Both, Text),
    row("States", GRAPHS, Both, Object),
    row("Version", &[Machine], Both, Words(&["1.0"])),
    row("TimeoutSeconds", &[Machine], Both, Whole(1, MAX_SECONDS)),
    row("QueryLanguage", &[Machine], Both, Words(LANGUAGES)),
    row("ProcessorConfig", &[Processor], Both, Object),
    row("Mode", &[ProcessorConfig], Both, Words(&["INLINE", "DISTRIBUTED"])),
    row("ExecutionType", &[ProcessorConfig], Both, Words(&["STANDARD", "EXPRESS"])),
    // States.
    row("Type", EVERY, Both, Text),
    row("Comment", EVERY, Both, Text),
    row("QueryLanguage", EVERY, Both, Words(LANGUAGES)),
    row("Next", LEADING_ON, Both, Text),
    row("End", LEADING_ON, Both, Boolean),
    row("Assign", ASSIGNING, Both, Object),
    row("Retry", RETRIED, Both, Objects(0)),
    row("Catch", RETRIED, Both, Objects(0)),
    row("InputPath", WITH_DATA, JsonPath, PathOrNull),
    row("OutputPath", WITH_DATA, JsonPath, PathOrNull),
    row("ResultPath", MAKING, JsonPath, ResultPath),
    row("ResultPath", &[Catcher], JsonPath, ResultPath),
    row("ResultSelector", RETRIED, JsonPath, Any),
    row("Parameters", MAKING, JsonPath, Any),
    row("Parameters", MAP, Jsonata, Any),
    row("Arguments", CALLING, Jsonata, ObjectOrQuery),
    row("Output", WITH_DATA, Jsonata, Any),
    row("Output", &[Catcher, Rule], Jsonata, Any),
    row("Resource", TASK, Both, Text),
    row("Credentials", TASK, Both, ObjectOrQuery),
    row("TimeoutSeconds", TASK, Both, WholeOrQuery(1, MAX_SECONDS)),
    row("TimeoutSecondsPath", TASK, JsonPath, DefinitePath),
    row("HeartbeatSeconds", TASK, Both, WholeOrQuery(1, MAX_SECONDS)),
    row("HeartbeatSecondsPath", TASK, JsonPath, DefinitePath),
    row("Result", &[State(Pass)], JsonPath, Any),
    row("Choices", CHOICE, Both, Objects(1)),
    row("Default", CHOICE, Both, Text),
    row("Seconds", WAIT, Both, WholeOrQuery(0, MAX_SECONDS)),
    row("SecondsPath", WAIT, JsonPath, DefinitePath),
    row("Timestamp", WAIT, Both, TimestampOrQuery),
    row("TimestampPath", WAIT, JsonPath, DefinitePath),
    row("Error", FAIL, Both, Text),
    row("ErrorPath", FAIL, JsonPath, Expression),
    row("Cause", FAIL, Both, Text),
    row("CausePath", FAIL, JsonPath, Expression),
    row("Branches", &[State(Parallel)], Both, Objects(1)),
    row("ItemProcessor", MAP, Both, Object),
    row("Iterator", MAP, Both, Object),
    row("ItemSelector", MAP, Both, Any),
    row("Items", MAP, Jsonata, ItemsOrQuery),
    row("ItemsPath", MAP, JsonPath, DefinitePath),
    row("ItemReader", MAP, Both, Object),
    row("ItemBatcher", MAP, Both, Object),
    row("ResultWriter", MAP, Both, Object),
    row("Label", MAP, Both, Label(MAX_LABEL_CHARS)),
    row("MaxConcurrency", MAP, Both, WholeOrQuery(0, MAX_COUNT)),
    row("MaxConcurrencyPath", MAP, JsonPath, DefinitePath),
    row("ToleratedFailureCount", MAP, Both, WholeOrQuery(0, MAX_COUNT)),
    row("ToleratedFailureCountPath", MAP, JsonPath, DefinitePath),
    row("ToleratedFailurePercentage", MAP, Both, PercentageOrQuery),
    row("ToleratedFailurePercentagePath", MAP, JsonPath, DefinitePath),
    // Retriers and catchers.
    row("ErrorEquals", &[Retrier, Catcher], Both, Texts),
    row("Comment", &[Retrier, Catcher], Both, Text),
    row("IntervalSeconds", &[Retrier], Both, Whole(1, MAX_SECONDS)),
    row("MaxAttempts", &[Retrier], Both, Whole(0, MAX_SECONDS)),
    row("BackoffRate", &[Retrier], Both, Rate),
    row("MaxDelaySeconds", &[Retrier], Both, Whole(1, MAX_DELAY_SECONDS)),
    row("JitterStrategy", &[Retrier], Both, Words(&["FULL", "NONE"])),
    row("Next", &[Catcher], Both, Text),
    // Rules of a Choice state.
    row("Next", &[Rule], Both, Text),
    row("Comment", RULES, Both, Text),
    row("Condition", &[Rule], Jsonata, BooleanOrQuery),
    row("Variable", RULES, JsonPath, Path),
    row("And", RULES, JsonPath, Objects(1)),
    row("Or", RULES, JsonPath, Objects(1)),
    row("Not", RULES, JsonPath, Object),
    row("StringEquals", RULES, JsonPath, Text),
    row("StringEqualsPath", RULES, JsonPath, Path),
    row("StringLessThan", RULES, JsonPath, Text),
    row("StringLessThanPath", RULES, JsonPath, Path),
    row("StringGreaterThan", RULES, JsonPath, Text),
    row("StringGreaterThanPath", RULES, JsonPath, Path),
    row("StringLessThanEquals", RULES, JsonPath, Text),
    row("StringLessThanEqualsPath", RULES, JsonPath, Path),
    row("StringGreaterThanEquals", RULES, JsonPath, Text),
    row("StringGreaterThanEqualsPath", RULES, JsonPath, Path),
    row("StringMatches", RULES, JsonPath, Text),
    row("NumericEquals", RULES, JsonPath, Number),
    row("NumericEqualsPath", RULES, JsonPath, Path),
    row("NumericLessThan", RULES, JsonPath, Number),
    row("NumericLessThanPath", RULES, JsonPath, Path),
    row("NumericGreaterThan", RULES, JsonPath, Number),
    row("NumericGreaterThanPath", RULES, JsonPath, Path),
    row("NumericLessThanEquals", RULES, JsonPath, Number),
    row("NumericLessThanEqualsPath", RULES, JsonPath, Path),
    row("NumericGreaterThanEquals", RULES, JsonPath, Number),
    row("NumericGreaterThanEqualsPath", RULES, JsonPath, Path),
    row("BooleanEquals", RULES, JsonPath, Boolean),
    row("BooleanEqualsPath", RULES, JsonPath, Path),
    row("TimestampEquals", RULES, JsonPath, Timestamp),
    row("TimestampEqualsPath", RULES, JsonPath, Path),
    row("TimestampLessThan", RULES, JsonPath, Timestamp),
    row("TimestampLessThanPath", RULES, JsonPath, Path),
    row("TimestampGreaterThan", RULES, JsonPath, Timestamp),
    row("TimestampGreaterThanPath", RULES, JsonPath, Path),
    row("TimestampLessThanEquals", RULES, JsonPath, Timestamp),
    row("TimestampLessThanEqualsPath", RULES, JsonPath, Path),
    row("TimestampGreaterThanEquals", RULES, JsonPath, Timestamp),
    row("TimestampGreaterThanEqualsPath", RULES, JsonPath, Path),
    row("IsNull", RULES, JsonPath, Boolean),
    row("IsPresent", RULES, JsonPath, Boolean),
    row("IsNumeric", RULES, JsonPath, Boolean),
    row("IsString", RULES, JsonPath, Boolean),
    row("IsBoolean", RULES, JsonPath, Boolean),
    row("IsTimestamp", RULES, JsonPath, Boolean),
    // What a Distributed Map reads, batches and writes.
    row("Resource", FILES, Both, Text),
    row("Parameters", FILES, JsonPath, Any),
    row("Arguments", FILES, Jsonata, ObjectOrQuery),
    row("ReaderConfig", &[Reader], Both, Object),
    row("InputType", &[ReaderConfig], Both, WordsOrQuery(&["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"])),
    row("Transformation", &[ReaderConfig], Both, WordsOrQuery(&["NONE", "LOAD_AND_FLATTEN"])),
    row("ManifestType", &[ReaderConfig], Both, WordsOrQuery(&["ATHENA_DATA", "S3_INVENTORY"])),
    row("CSVDelimiter", &[ReaderConfig], Both, WordsOrQuery(&["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"])),
    row("CSVHeaderLocation", &[ReaderConfig], Both, WordsOrQuery(&["FIRST_ROW", "GIVEN"])),
    row("CSVHeaders", &[ReaderConfig], Both, ArrayOrQuery),
    row("ItemsPointer", &[ReaderConfig], Both, Text),
    row("MaxItems", &[ReaderConfig], Both, WholeOrQuery(0, MAX_ITEMS)),
    row("MaxItemsPath", &[ReaderConfig], JsonPath, DefinitePath),
    row("WriterConfig", &[Writer], Both, Object),
    row("Transformation", &[WriterConfig], Both, WordsOrQuery(&["NONE", "COMPACT", "FLATTEN"])),
    row("OutputType", &[WriterConfig], Both, WordsOrQuery(&["JSON", "JSONL"])),
    row("MaxItemsPerBatch", &[Batcher], Both, WholeOrQuery(1, MAX_SECONDS)),
    row("MaxItemsPerBatchPath", &[Batcher], JsonPath, DefinitePath),
    row("MaxInputBytesPerBatch", &[Batcher], Both, WholeOrQuery(1, MAX_BATCH_BYTES)),
    row("MaxInputBytesPerBatchPath", &[Batcher], JsonPath, DefinitePath),
    row("BatchInput", &[Batcher], Both, Any),
];

/// The fields that an object must have, in the order in which AWS names those that are missing.
#[rustfmt::skip]
pub(super) const REQUIRED: &[(&[Owner], &[&str])] = &[
    (GRAPHS, &["States", "StartAt"]),
    (EVERY, &["Type"]),
    (TASK, &["Resource"]),
    (CHOICE, &["Choices"]),
    (&[State(Parallel)], &["Branches"]),
    (&[Retrier], &["ErrorEquals"]),
    (&[Catcher], &["ErrorEquals", "Next"]),
    (&[Reader], &["Resource"]),
];

const fn one_at_most(owner: Owner, names: &'static [&'static str]) -> Alternatives {
    Alternatives {
        owner,
        names,
        missing: Missing::Allowed,
    }
}

const fn one(owner: Owner, names: &'static [&'static str], missing: Missing) -> Alternatives {
    Alternatives {
        owner,
        names,
        missing,
    }
}

#[rustfmt::skip]
pub(super) const ALTERNATIVES: &[Alternatives] = &[
    one(State(Wait), &["Seconds", "Timestamp", "SecondsPath", "TimestampPath"], Missing::AnyOf),
    one(State(Map), &["ItemProcessor", "Iterator"], Missing::First),
    one_at_most(State(Task), &["TimeoutSeconds", "TimeoutSecondsPath"]),
    one_at_most(State(Task), &["HeartbeatSeconds", "HeartbeatSecondsPath"]),
    one_at_most(State(Fail), &["Error", "ErrorPath"]),
    one_at_most(State(Fail), &["Cause", "CausePath"]),
    one_at_most(State(Map), &["ItemSelector", "Parameters"]),
    one_at_most(State(Map), &["MaxConcurrency", "MaxConcurrencyPath"]),
    one_at_most(State(Map), &["ToleratedFailureCount", "ToleratedFailureCountPath"]),
    one_at_most(State(Map), &["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"]),
    one_at_most(ReaderConfig, &["MaxItems", "MaxItemsPath"]),
    one_at_most(Batcher, &["MaxItemsPerBatch", "MaxItemsPerBatchPath"]),
    one_at_most(Batcher, &["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"]),
];
