//! The codes of problems of a deployment on AWS. A code never gets another meaning. Those of references (RM3001 to
//! RM3004) are the configuration's.

/// A queued call without `IdempotencyKey`.
pub(super) const NO_IDEMPOTENCY_KEY: &str = "RM3010";
/// A queued call without `TimeoutSeconds`.
pub(super) const NO_TIMEOUT: &str = "RM3011";
/// A task that waits for longer than its message lives.
pub(super) const OUTLIVES_ITS_MESSAGE: &str = "RM3012";
/// More data than AWS takes.
pub(super) const TOO_LARGE: &str = "RM3013";
/// A definition that names the embedded host.
pub(super) const LOCAL_NAME: &str = "RM3014";
/// Rights that cannot be read from the definition.
pub(super) const UNKNOWN_RIGHT: &str = "RM3015";
/// An idempotency key that does not tell calls apart, or does not stay the same.
pub(super) const WEAK_KEY: &str = "RM3016";
/// A call that may take longer than a function runs.
pub(super) const CALL_TOO_LONG: &str = "RM3020";
/// A pause before a repeat that SQS cannot keep.
pub(super) const PAUSE_TOO_LONG: &str = "RM3021";
/// A limit for which calls may wait longer than their messages live.
pub(super) const WINDOW_OUTLIVES_MESSAGES: &str = "RM3022";
/// Limits that do not fit into the table's item.
pub(super) const DOES_NOT_FIT: &str = "RM3023";
/// Limits that reserved concurrency cannot hold.
pub(super) const NOT_FOR_RESERVED: &str = "RM3024";
/// A target without limits.
pub(super) const NO_LIMITS: &str = "RM3025";
/// A name that AWS does not take.
pub(super) const NAME_TOO_LONG: &str = "RM3026";
/// Two resources with one name.
pub(super) const NAME_TAKEN: &str = "RM3027";
/// An address that functions cannot reach.
pub(super) const UNREACHABLE: &str = "RM3028";
/// A limit beyond what the table serves.
pub(super) const ABOVE_CEILING: &str = "RM3029";
/// A member of a call that only one machine serves.
pub(super) const NOT_A_MEMBER: &str = "RM3031";
/// What a target selects is not a path.
pub(super) const NO_PATH: &str = "RM3032";
/// A sign-in that has to store a token that changes.
pub(super) const KEEPS_A_TOKEN: &str = "RM3033";
/// Jobs of the vendor that workers on AWS would have to count or follow and cannot.
pub(super) const FOLLOWS_JOBS: &str = "RM3030";
/// What becomes of a lost call, where nothing remembers that it left.
pub(super) const FORGETS_CALLS: &str = "RM3034";
/// More concurrency than the account has.
pub(super) const ACCOUNT_TOO_SMALL: &str = "RM3035";
/// A limit that does not count every call once.
pub(super) const COUNTS_BY_TARIFF: &str = "RM3036";
/// A target bounds how long its calls wait.
pub(super) const BOUNDS_WAITS: &str = "RM3037";

/// What the codes mean.
pub const CODES: &[(&str, &str)] = &[
    (
        NO_IDEMPOTENCY_KEY,
        "A queued call has no IdempotencyKey. On one machine the engine makes one; on AWS the worker sees only a message, which SQS may deliver twice, so the workflow must name the entry.",
    ),
    (
        NO_TIMEOUT,
        "A queued call has no TimeoutSeconds. SQS deletes a message after 14 days and an answer may be lost; without a time-out the execution waits for a year.",
    ),
    (
        OUTLIVES_ITS_MESSAGE,
        "A queued call may wait longer than the 14 days that SQS keeps its message.",
    ),
    (
        TOO_LARGE,
        "Data or a definition is larger than AWS takes: 256 KiB for the data of a state, 1 MiB for a definition.",
    ),
    (
        LOCAL_NAME,
        "A definition names this machine or its account, which are not there on AWS.",
    ),
    (
        UNKNOWN_RIGHT,
        "What a state does cannot be read from the definition, so the role of its state machine does not allow it.",
    ),
    (
        WEAK_KEY,
        "An IdempotencyKey is the same for different calls, or different for repeats of one.",
    ),
    (
        CALL_TOO_LONG,
        "A call may take longer than a function has: 15 minutes, less what it needs to end in order.",
    ),
    (
        PAUSE_TOO_LONG,
        "A pause before a repeat is longer than the 12 hours that SQS can keep a message invisible.",
    ),
    (
        WINDOW_OUTLIVES_MESSAGES,
        "Calls may have to wait for a limit longer than the 14 days that SQS keeps their messages.",
    ),
    (
        DOES_NOT_FIT,
        "The limits of a target need more than the 4 KiB that its workers share.",
    ),
    (
        NOT_FOR_RESERVED,
        "Reserved concurrency holds one limit on calls in flight, of 6 and more, and nothing else.",
    ),
    (
        NO_LIMITS,
        "A target has no limits: its worker starts as many calls as it finds.",
    ),
    (
        NAME_TOO_LONG,
        "A name is longer than AWS takes for what is called after it.",
    ),
    (
        NAME_TAKEN,
        "Two resources of the deployment would have the same name.",
    ),
    (
        UNREACHABLE,
        "Functions on AWS cannot reach the address of a target.",
    ),
    (
        ABOVE_CEILING,
        "A limit allows more than a target's workers can start or have in flight on AWS.",
    ),
    (
        FOLLOWS_JOBS,
        "A limit counts jobs that the vendor runs in the background, for which workers on AWS keep no place; or jobs are followed without a table.",
    ),
    (
        NOT_A_MEMBER,
        "A call has an OrderingKey, which only one machine serves. On AWS its task would fail with Rampmeter.InvalidMessage.",
    ),
    (
        NO_PATH,
        "`select` of a target's `response` is no JSONPath into an answer's body.",
    ),
    (
        KEEPS_A_TOKEN,
        "A target signs in with a refresh token that its server may replace. One machine keeps the new one; functions have no place for it.",
    ),
    (
        FORGETS_CALLS,
        "With limiter = \"reserved\" nothing remembers that a call left: one whose environment died is sent again, although on_unknown says otherwise.",
    ),
    (
        ACCOUNT_TOO_SMALL,
        "The account allows fewer concurrent executions than the workers reserve or may use.",
    ),
    (
        COUNTS_BY_TARIFF,
        "A limit has applies_to, cost or by. Workers on AWS take a permit before they know its call, and the table's item has no room for keys: such a limit is exact on one machine only.",
    ),
    (
        BOUNDS_WAITS,
        "A target has a `max_wait`: on AWS nobody looks at a message that no drainer has received, so it is kept on one machine only.",
    ),
    (
        "RM3040",
        "A command that asks AWS finds no credentials or no region in the environment.",
    ),
    (
        "RM3041",
        "AWS cannot be reached, or refused a request of the command line.",
    ),
    (
        "RM3042",
        "An order names a target, a limit or a pause that there is none of, or a limit that only a deployment can make so high.",
    ),
    (
        "RM3043",
        "The item of a target in the table of permits cannot be read, or not be changed.",
    ),
    ("RM3090", "A file of the deployment cannot be written."),
];
