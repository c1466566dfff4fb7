//! SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat: what a worker says of a task.

/// SendTaskSuccess, SendTaskFailure or SendTaskHeartbeat of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct TaskReport {
    /// The task token as the workflow handed it out.
    pub task_token: String,
    /// What happened to the task.
    pub result: TaskResult,
}

/// What a worker says of a task.
#[derive(Debug, Clone)]
pub enum TaskResult {
    /// JSON text of at most 262,144 bytes.
    Success {
        /// The task's output.
        output: String,
    },
    /// Both texts are optional, as on AWS.
    Failure {
        /// At most 256 characters.
        error: Option<String>,
        /// At most 32,768 characters.
        cause: Option<String>,
    },
    /// The task is still being worked on.
    Heartbeat,
}
