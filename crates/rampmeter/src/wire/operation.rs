//! The one table of operations: dispatch, the text of "what is served" and the reference page all come from it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::access::Caller;
use super::error::WireError;
use super::protocol::Protocol;
use super::server::Site;
use super::{identity, sqs, states};

/// An AWS service of which a part is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// AWS Step Functions.
    States,
    /// AWS SQS.
    Sqs,
    /// AWS Security Token Service: which account and which credential this is, as tools ask before they begin.
    Sts,
}

impl Service {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::States, Self::Sqs, Self::Sts];

    /// What stands before the dot in `X-Amz-Target`.
    pub(crate) fn target_prefix(self) -> &'static str {
        match self {
            Self::States => "AWSStepFunctions",
            Self::Sqs => "AmazonSQS",
            Self::Sts => "AWSSecurityTokenServiceV20110615",
        }
    }

    /// The service's name in the scope of a credential.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Self::States => "states",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
        }
    }

    /// The service with this name in the scope of a credential, if it is served.
    pub(crate) fn from_signing_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.signing_name() == name)
    }

    /// Name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::States => "Step Functions",
            Self::Sqs => "SQS",
            Self::Sts => "STS",
        }
    }

    /// The service with this prefix, if it is served.
    pub(crate) fn from_target_prefix(prefix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.target_prefix() == prefix)
    }

    /// Longest request in bytes. AWS takes 1 MiB for Step Functions; an SQS message of 1 MiB may double when its
    /// quotes are escaped in JSON, and become three times as long in a form. The rest is for the other members.
    pub(crate) fn longest_request(self, protocol: Protocol) -> usize {
        const OTHER_MEMBERS: usize = 64 << 10;
        match (self, protocol) {
            (Self::States, _) => (1 << 20) + OTHER_MEMBERS,
            (Self::Sqs, Protocol::Json) => (2 << 20) + OTHER_MEMBERS,
            (Self::Sqs, Protocol::Query) => (3 << 20) + OTHER_MEMBERS,
            (Self::Sts, _) => OTHER_MEMBERS,
        }
    }
}

/// What a credential must be allowed to do to call an operation. Enforced when `[server] credentials` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Ask who one is: every credential may.
    Identify,
    /// Look at state machines, executions and queues.
    Read,
    /// Start executions and send messages.
    Send,
    /// Receive messages and delete them.
    Receive,
    /// Report the results of tasks: whoever has the task token.
    Report,
    /// Intervene in what runs.
    Operate,
}

/// One request for one operation.
#[derive(Debug)]
pub(crate) struct Call {
    /// What the server serves.
    pub(crate) site: Arc<Site>,
    /// The parameters as JSON, not yet read. A request of the Query protocol has been written as JSON.
    pub(crate) body: Vec<u8>,
    /// Where the client reaches this server: scheme, host and port.
    pub(crate) origin: String,
    /// Who asks.
    pub(crate) caller: Caller,
    /// The trace that the request belongs to.
    pub(crate) trace_header: Option<String>,
}

type Answer = Pin<Box<dyn Future<Output = Result<Value, WireError>> + Send>>;

/// One operation that is served.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its service.
    pub(crate) service: Service,
    /// AWS's name of it.
    pub(crate) name: &'static str,
    /// What its caller must be allowed to do.
    pub(crate) right: Right,
    /// Answers one call.
    pub(crate) handler: fn(Call) -> Answer,
}

macro_rules! operations {
    ($($service:ident $name:ident $right:ident $handler:path;)*) => {
        &[$(Operation {
            service: Service::$service,
            name: stringify!($name),
            right: Right::$right,
            handler: |call| Box::pin($handler(call)),
        }),*]
    };
}

/// Every operation that is served.
pub(crate) const OPERATIONS: &[Operation] = operations! {
    States StartExecution       Send    states::execution::start;
    States DescribeExecution    Read    states::execution::describe;
    States ListExecutions       Read    states::execution::list;
    States GetExecutionHistory  Read    states::history::get;
    States StopExecution        Operate states::execution::stop;
    States RedriveExecution     Operate states::redrive::redrive;
    States DescribeMapRun       Read    states::map_run::describe;
    States ListMapRuns          Read    states::map_run::list;
    States UpdateMapRun         Operate states::map_run::update;
    States SendTaskSuccess      Report  states::task::success;
    States SendTaskFailure      Report  states::task::failure;
    States SendTaskHeartbeat    Report  states::task::heartbeat;
    States StartSyncExecution   Send    states::synchronous::start;
    States PublishStateMachineVersion Operate states::version::publish;
    States DeleteStateMachineVersion Operate states::version::delete;
    States ListStateMachineVersions Read states::version::list;
    States CreateStateMachineAlias Operate states::alias::create;
    States UpdateStateMachineAlias Operate states::alias::update;
    States DeleteStateMachineAlias Operate states::alias::delete;
    States DescribeStateMachineAlias Read states::alias::describe;
    States ListStateMachineAliases Read states::alias::list;
    States TagResource          Operate states::tag::tag;
    States UntagResource        Operate states::tag::untag;
    States ListTagsForResource  Read    states::tag::list;
    States CreateActivity       Operate states::activity::create;
    States DeleteActivity       Operate states::activity::delete;
    States DescribeActivity     Read    states::activity::describe;
    States ListActivities       Read    states::activity::list;
    States GetActivityTask      Report  states::activity::get_task;
    States CreateStateMachine   Operate states::machine::create;
    States UpdateStateMachine   Operate states::machine::update;
    States DeleteStateMachine   Operate states::machine::delete;
    States TestState            Read    states::test_state::test;
    States ValidateStateMachineDefinition Read states::validation::validate;
    States ListStateMachines    Read    states::machine::list;
    States DescribeStateMachine Read    states::machine::describe;
    States DescribeStateMachineForExecution Read states::machine::describe_for_execution;
    Sqs    CreateQueue          Operate sqs::queue::create;
    Sqs    DeleteQueue          Operate sqs::queue::delete;
    Sqs    PurgeQueue           Operate sqs::queue::purge;
    Sqs    GetQueueUrl          Read    sqs::queue::get_url;
    Sqs    ListQueues           Read    sqs::queue::list;
    Sqs    ListDeadLetterSourceQueues Read sqs::queue::list_sources;
    Sqs    GetQueueAttributes   Read    sqs::attributes::get;
    Sqs    SetQueueAttributes   Operate sqs::attributes::set;
    Sqs    TagQueue             Operate sqs::tags::tag;
    Sqs    UntagQueue           Operate sqs::tags::untag;
    Sqs    ListQueueTags        Read    sqs::tags::list;
    Sqs    AddPermission        Operate sqs::permission::add;
    Sqs    RemovePermission     Operate sqs::permission::remove;
    Sqs    SendMessage          Send    sqs::message::send;
    Sqs    SendMessageBatch     Send    sqs::message::send_batch;
    Sqs    ReceiveMessage       Receive sqs::receive::receive;
    Sqs    DeleteMessage        Receive sqs::receipt::delete;
    Sqs    DeleteMessageBatch   Receive sqs::receipt::delete_batch;
    Sqs    ChangeMessageVisibility Receive sqs::receipt::change;
    Sqs    ChangeMessageVisibilityBatch Receive sqs::receipt::change_batch;
    Sqs    StartMessageMoveTask Operate sqs::move_task::start;
    Sqs    CancelMessageMoveTask Operate sqs::move_task::cancel;
    Sqs    ListMessageMoveTasks Read    sqs::move_task::list;
    Sts    GetCallerIdentity    Identify identity::get_caller_identity;
};

/// The operation with this name.
pub(crate) fn find(service: Service, name: &str) -> Result<&'static Operation, WireError> {
    OPERATIONS
        .iter()
        .find(|operation| operation.service == service && operation.name == name)
        .ok_or_else(|| {
            let served: Vec<_> = of_service(service)
                .map(|operation| operation.name)
                .collect();
            WireError::unknown_operation(format!(
                "{}.{} is not served here. Served: {}.",
                service.target_prefix(),
                printable(name),
                served.join(", ")
            ))
        })
}

/// The operations of one service.
pub(crate) fn of_service(service: Service) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS
        .iter()
        .filter(move |operation| operation.service == service)
}

/// The services that are served, for error texts.
pub(crate) fn services() -> String {
    let named = |service: Service| format!("{} ({})", service.title(), service.target_prefix());
    Service::ALL.map(named).join(", ")
}

/// Text of a client, cut to a length that is fit for an error message.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(100)
        .collect()
}
