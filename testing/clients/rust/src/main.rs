//! The AWS SDK for Rust: a queue, a state machine, a callback through the queue, the history.

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let name = std::env::var("RUN_NAME")?;
    let config = aws_config::load_from_env().await;
    let (sqs, sfn) = (aws_sdk_sqs::Client::new(&config), aws_sdk_sfn::Client::new(&config));
    let made = sqs.create_queue().queue_name(&name).send().await?;
    let queue = made.queue_url().ok_or("no queue URL")?;
    let definition = include_str!("../../machine.json").replace("QUEUE_URL", queue);
    let machine = sfn
        .create_state_machine()
        .name(&name)
        .definition(definition)
        .role_arn("arn:aws:iam::000000000000:role/none")
        .send()
        .await?;
    let execution = sfn
        .start_execution()
        .state_machine_arn(machine.state_machine_arn())
        .input(json!({ "order": "SO-1042" }).to_string())
        .send()
        .await?;
    let received = sqs.receive_message().queue_url(queue).wait_time_seconds(20).send().await?;
    let message = received.messages().first().ok_or("no message")?;
    let call: Value = serde_json::from_str(message.body().ok_or("no body")?)?;
    assert_eq!(call["Order"], "SO-1042");
    sfn.send_task_success()
        .task_token(call["TaskToken"].as_str().ok_or("no task token")?)
        .output(json!({ "booked": true }).to_string())
        .send()
        .await?;
    let handle = message.receipt_handle().ok_or("no receipt handle")?;
    sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await?;
    let arn = execution.execution_arn();
    let found = sfn.describe_execution().execution_arn(arn).send().await?;
    assert_eq!(found.status(), &ExecutionStatus::Succeeded);
    let history = sfn.get_execution_history().execution_arn(arn).send().await?;
    assert_eq!(history.events().len(), 8);
    sfn.delete_state_machine().state_machine_arn(machine.state_machine_arn()).send().await?;
    sqs.delete_queue().queue_url(queue).send().await?;
    println!("Rust SDK: {} events", history.events().len());
    Ok(())
}
