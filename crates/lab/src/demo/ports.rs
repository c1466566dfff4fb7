//! The engine's two ports as the demo uses them: the AWS port to start and list executions, the admin port to read the
//! targets' state. Plain HTTP on loopback; it leaves out every operation the demo does not need.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::watch::TargetView;

/// A response that takes longer than this is taken to be lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest page of a list, as on AWS.
const PAGE: u32 = 1_000;

/// Connections to one engine. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Ports {
    http: reqwest::Client,
    aws: String,
    admin: String,
}

/// An execution in a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// Seconds since the Unix epoch.
    pub(crate) start_date: f64,
    /// Seconds since the Unix epoch, once it has ended.
    pub(crate) stop_date: Option<f64>,
}

/// Why an operation has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PortError {
    /// No response, or one that says that the engine is stopping: whether the request was carried out is not known.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The engine refused the request.
    #[error("{code}: {message}")]
    Refused {
        /// AWS's name of the error.
        code: String,
        /// What it says.
        message: String,
    },
}

impl Ports {
    /// Connections to these two ports. Nothing is sent yet.
    ///
    /// # Errors
    /// When no HTTP client can be made on this machine.
    pub(crate) fn new(aws: SocketAddr, admin: SocketAddr) -> Result<Ports, reqwest::Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_TIMEOUT)
            .build()?;
        Ok(Ports {
            http,
            aws: format!("http://{aws}/"),
            admin: format!("http://{admin}"),
        })
    }

    /// StartExecution.
    pub(crate) async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &str,
    ) -> Result<(), PortError> {
        let request = json!({"stateMachineArn": state_machine_arn, "name": name, "input": input});
        self.step_functions("StartExecution", &request)
            .await
            .map(|_| ())
    }

    /// Whether any execution has this status.
    pub(crate) async fn any_execution(
        &self,
        state_machine_arn: &str,
        status: &str,
    ) -> Result<bool, PortError> {
        let (page, _) = self
            .list_executions(state_machine_arn, status, 1, None)
            .await?;
        Ok(!page.is_empty())
    }

    /// All executions with this status, newest first.
    pub(crate) async fn all_executions(
        &self,
        state_machine_arn: &str,
        status: &str,
    ) -> Result<Vec<Listed>, PortError> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let (page, more) = self
                .list_executions(state_machine_arn, status, PAGE, next)
                .await?;
            all.extend(page);
            if more.is_none() {
                return Ok(all);
            }
            next = more;
        }
    }

    async fn list_executions(
        &self,
        state_machine_arn: &str,
        status: &str,
        most: u32,
        next: Option<String>,
    ) -> Result<(Vec<Listed>, Option<String>), PortError> {
        let mut request = json!({
            "stateMachineArn": state_machine_arn, "statusFilter": status, "maxResults": most,
        });
        if let Some(next) = next {
            request["nextToken"] = Value::from(next);
        }
        let answer = self.step_functions("ListExecutions", &request).await?;
        let page = Vec::deserialize(&answer["executions"]);
        let page = page.map_err(|error| PortError::Unreachable(error.to_string()))?;
        Ok((page, answer["nextToken"].as_str().map(str::to_owned)))
    }

    /// One target as the admin port shows it, if it is there.
    pub(crate) async fn target(&self, name: &str) -> Result<Option<TargetView>, PortError> {
        let url = format!("{}/v1/targets", self.admin);
        let answer = read(self.http.get(url).send().await).await?;
        let targets = answer["targets"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let named = targets.iter().find(|target| target["name"] == name);
        Ok(named.and_then(|target| TargetView::deserialize(target).ok()))
    }

    async fn step_functions(&self, operation: &str, request: &Value) -> Result<Value, PortError> {
        let request = self
            .http
            .post(&self.aws)
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", format!("AWSStepFunctions.{operation}"))
            .body(request.to_string());
        read(request.send().await).await
    }
}

async fn read(answer: Result<reqwest::Response, reqwest::Error>) -> Result<Value, PortError> {
    let unreachable = |error: reqwest::Error| PortError::Unreachable(error.to_string());
    let answer = answer.map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    if status.is_server_error() {
        return Err(PortError::Unreachable(format!("HTTP {status}: {text}")));
    }
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(body);
    }
    let code = body["__type"].as_str().unwrap_or(status.as_str());
    // AWS writes the name alone or after a namespace and a hash sign.
    let code = code.rsplit('#').next().unwrap_or(code).to_owned();
    let message = body["message"].as_str().unwrap_or(&text).to_owned();
    Err(PortError::Refused { code, message })
}
