//! A small client of the two ports: AWS JSON 1.0 to the one, GET and POST to the other. Requests to the AWS port are
//! signed with the credential in the environment, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, as by every AWS
//! client; a server without credentials of its own accepts any. Requests to the admin port carry the token in
//! `RAMPMETER_TOKEN`, if there is one.

mod arguments;
pub(crate) mod on_aws;
mod tls;
mod token;

use std::time::Duration;

use rampmeter_terminal::{Exit, Failure};
use rampmeter_wire::sigv4::Signer;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Position;

pub(crate) use arguments::{DEFAULT_ADMIN, DEFAULT_SERVER, ServerArguments};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Longest wait for one response; the server answers at once or not at all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Errors by which the server says that it does not know or does not trust the sender.
const NOT_AUTHORISED: [&str; 5] = [
    "AccessDeniedException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
];

/// A client of one server. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    server: Url,
    admin: Url,
    signer: Signer,
    token: Option<SecretString>,
}

/// An error response of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// AWS's exception name, or the code of the admin port.
    pub(crate) name: String,
    /// What it says.
    pub(crate) message: String,
}

/// Why a request has no result.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The server refused it.
    Refused(Refusal),
    /// No server, no permission, or no response that can be read.
    Failure(Failure),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            // The admin port has codes of ours; AWS has only names.
            ClientError::Refused(refusal) if refusal.name.starts_with("RM") => {
                Self::new(refusal.name, Exit::Failed, refusal.message)
            }
            ClientError::Refused(refusal) => Self::new(
                "RM2008",
                Exit::Failed,
                format!("the server answered {}: {}", refusal.name, refusal.message),
            ),
            ClientError::Failure(failure) => failure,
        }
    }
}

impl Client {
    /// A client of the server with these URLs, which may lack the scheme.
    pub(crate) fn new(server: &str, admin: &str) -> Result<Self, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        let http = tls::of(&environment)?
            .no_proxy()
            .timeout(ANSWER_TIMEOUT)
            .build();
        let http = http.map_err(|why| {
            Failure::new(
                "RM2013",
                Exit::Failed,
                format!("no HTTP client can be made: {why}"),
            )
        })?;
        Ok(Self {
            http,
            server: base_url("--server", server)?,
            admin: base_url("--admin", admin)?,
            signer: signer(&environment),
            token: token::of(&environment)?,
        })
    }

    /// Calls an operation of Step Functions.
    pub(crate) async fn states(
        &self,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ClientError> {
        let target = format!("AWSStepFunctions.{operation}");
        self.operation("states", target, input).await
    }

    /// Calls an operation of SQS.
    pub(crate) async fn queues(
        &self,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ClientError> {
        let target = format!("AmazonSQS.{operation}");
        self.operation("sqs", target, input).await
    }

    async fn operation(
        &self,
        service: &str,
        target: String,
        input: &Value,
    ) -> Result<Value, ClientError> {
        let body = input.to_string();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (
                HOST,
                self.server[Position::BeforeHost..Position::BeforePath].to_owned(),
            ),
            (CONTENT_TYPE, "application/x-amz-json-1.0".to_owned()),
            (TARGET, target),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        let path = self.server.path();
        let now = Timestamp::now();
        self.signer
            .sign("POST", path, &mut headers, body.as_bytes(), service, now);
        let request = self.http.post(self.server.clone());
        let (status, answer) = send(request.headers(headers).body(body), &self.server).await?;
        if status.is_success() {
            return Ok(answer);
        }
        let name = answer["__type"].as_str().unwrap_or(status.as_str());
        let name = name.rsplit('#').next().unwrap_or(name);
        refused(status, name, &answer["message"])
    }

    /// Gets an object from the admin port, by the segments of its path.
    pub(crate) async fn admin(&self, segments: &[&str]) -> Result<Value, ClientError> {
        self.admin_with(segments, &[]).await
    }

    /// The same with parameters.
    pub(crate) async fn admin_with(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        let mut url = self.admin.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let (status, answer) = send(self.by_user(self.http.get(url)), &self.admin).await?;
        if status.is_success() {
            return Ok(answer);
        }
        let name = answer["error"]["code"].as_str().unwrap_or(status.as_str());
        refused(status, name, &answer["error"]["message"])
    }

    /// Gets bytes from the admin port, and writes them to `out` as they come.
    pub(crate) async fn bytes(
        &self,
        segments: &[&str],
        out: &mut dyn std::io::Write,
    ) -> Result<(), Failure> {
        let mut url = self.admin.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        let sent = self.by_user(self.http.get(url)).send().await;
        let mut response = sent.map_err(|why| Failure::from(unreachable(&self.admin, &why)))?;
        let status = response.status();
        if !status.is_success() {
            let answer: Value = response.json().await.unwrap_or_default();
            let name = answer["error"]["code"].as_str().unwrap_or(status.as_str());
            return Err(match refused(status, name, &answer["error"]["message"]) {
                Err(error) => error.into(),
                Ok(_) => Failure::Reported(Exit::Failed),
            });
        }
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|why| Failure::from(unreachable(&self.admin, &why)))? {
                Some(chunk) => out.write_all(&chunk)?,
                None => return Ok(out.flush()?),
            }
        }
    }

    /// Posts an object to the admin port.
    pub(crate) async fn change(
        &self,
        segments: &[&str],
        body: &Value,
    ) -> Result<Value, ClientError> {
        let mut url = self.admin.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        let (status, answer) =
            send(self.by_user(self.http.post(url).json(body)), &self.admin).await?;
        if status.is_success() {
            return Ok(answer);
        }
        let name = answer["error"]["code"].as_str().unwrap_or(status.as_str());
        refused(status, name, &answer["error"]["message"])
    }

    /// Whether the server takes work.
    pub(crate) async fn is_ready(&self) -> Result<bool, Failure> {
        let mut url = self.admin.clone();
        url.set_path("/readyz");
        let answer = self.http.get(url).send().await;
        let answer = answer.map_err(|why| Failure::from(unreachable(&self.admin, &why)))?;
        Ok(answer.status().is_success())
    }

    /// A request to the admin port, with the token of whoever uses the command line.
    fn by_user(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// The ARNs of the state machines by name.
    pub(crate) async fn workflows(&self) -> Result<Vec<(String, String)>, ClientError> {
        let mut workflows = Vec::new();
        let mut input = json!({ "maxResults": 1000 });
        loop {
            let page = self.states("ListStateMachines", &input).await?;
            for machine in page["stateMachines"].as_array().into_iter().flatten() {
                workflows.push((text(&machine["name"]), text(&machine["stateMachineArn"])));
            }
            let Some(next) = page["nextToken"].as_str() else {
                return Ok(workflows);
            };
            input["nextToken"] = next.into();
        }
    }

    /// The ARN of the execution with this name or ARN.
    pub(crate) async fn execution_arn(&self, named: &str) -> Result<String, ClientError> {
        if named.starts_with("arn:") {
            return Ok(named.to_owned());
        }
        let execution = self.admin(&["v1", "executions", named]).await?;
        Ok(text(&execution["execution_arn"]))
    }

    /// The ARN of the workflow with this name or ARN.
    pub(crate) async fn workflow_arn(&self, named: &str) -> Result<String, Failure> {
        if named.starts_with("arn:") {
            return Ok(named.to_owned());
        }
        let workflows = self.workflows().await?;
        if let Some((_, arn)) = workflows.iter().find(|(name, _)| name == named) {
            return Ok(arn.clone());
        }
        let names: Vec<_> = workflows.into_iter().map(|(name, _)| name).collect();
        let there_are = if names.is_empty() {
            "the server has no workflows: name some in the configuration it is started with"
                .to_owned()
        } else {
            format!("the server has {}", names.join(", "))
        };
        let what = format!("there is no workflow named {named:?}");
        Err(Failure::new("RM2041", Exit::Failed, what).with_help(there_are))
    }
}

/// Signs with the credential and the region in the environment. A key of a real AWS account is not used: it is meant
/// for AWS.
fn signer(environment: &dyn Fn(&str) -> Option<String>) -> Signer {
    let region = [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "RAMPMETER_SERVER__REGION",
    ]
    .into_iter()
    .find_map(environment)
    .unwrap_or_else(|| "us-east-1".to_owned());
    let key = environment("AWS_ACCESS_KEY_ID")
        .filter(|key| !key.starts_with("AKIA") && !key.starts_with("ASIA"));
    match key.zip(environment("AWS_SECRET_ACCESS_KEY")) {
        Some((key, secret)) => Signer::new(&key, &secret, &region),
        None => Signer::new("test", "test", &region),
    }
}

/// Text of a JSON value, empty for anything else.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn send(request: RequestBuilder, base: &Url) -> Result<(StatusCode, Value), ClientError> {
    let response = request
        .send()
        .await
        .map_err(|why| unreachable(base, &why))?;
    let status = response.status();
    let body = response
        .text()
        .await
        .map_err(|why| unreachable(base, &why))?;
    let answer = serde_json::from_str(&body).map_err(|_| {
        let what = format!(
            "what answers at {base} is not Rampmeter (HTTP {})",
            status.as_u16()
        );
        ClientError::Failure(
            Failure::new("RM2040", Exit::Unreachable, what).with_help("rampmeter serve"),
        )
    })?;
    Ok((status, answer))
}

fn refused(status: StatusCode, name: &str, message: &Value) -> Result<Value, ClientError> {
    let refusal = Refusal {
        name: name.to_owned(),
        message: text(message),
    };
    let forbidden = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    if forbidden || NOT_AUTHORISED.contains(&name) {
        let what = format!("the server does not authorise this: {}", refusal.message);
        return Err(ClientError::Failure(Failure::new(
            "RM2042",
            Exit::Unreachable,
            what,
        )));
    }
    Err(ClientError::Refused(refusal))
}

fn unreachable(base: &Url, why: &reqwest::Error) -> ClientError {
    let reason = if why.is_timeout() {
        "it does not answer"
    } else {
        "nothing answers there"
    };
    let what = format!("the server at {base} cannot be reached: {reason}");
    ClientError::Failure(
        Failure::new("RM2040", Exit::Unreachable, what).with_help("rampmeter serve"),
    )
}

/// The base URL of a port. The option's value is a URL, or an address as the configuration has it.
fn base_url(option: &str, text: &str) -> Result<Url, Failure> {
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    match Url::parse(&with_scheme) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(Failure::new(
            "RM2014",
            Exit::Usage,
            format!("{option} {text:?} is not a URL"),
        )
        .with_help(format!("{option} http://127.0.0.1:4566"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_configuration_is_a_url() {
        let url = base_url("--server", "127.0.0.1:4566").expect("an address");
        assert_eq!(url.as_str(), "http://127.0.0.1:4566/");
        assert!(base_url("--server", "ftp://127.0.0.1").is_err());
        assert!(base_url("--server", "not a url").is_err());
    }
}
