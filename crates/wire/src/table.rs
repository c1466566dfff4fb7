//! The one table of operations: dispatch, the text of "what is served" and the reference page all come from it.

use crate::operation::{Operation, Right};
use crate::protocol::error::{WireError, printable};
use crate::protocol::service::Service;
use crate::{sqs, states, sts};

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
    Sts    GetCallerIdentity    Identify sts::get_caller_identity;
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
