//! Requests to the services of which the worker uses one or two operations: Secrets Manager, the Parameter Store,
//! Lambda's own mappings and EventBridge Scheduler. Their SDKs would cost most of a build; a signature by `aws-sigv4`
//! and an HTTP client do the same.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_sqs::config::ProvideCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use reqwest::Method;
use serde_json::Value;
use thiserror::Error;

/// How often a request is attempted before it is given up.
const ATTEMPTS: u32 = 3;

/// A service: its name in signatures and host names, and in variables of the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    name: &'static str,
    variable: &'static str,
}

pub(crate) const SECRETS: Service = Service {
    name: "secretsmanager",
    variable: "SECRETS_MANAGER",
};
pub(crate) const PARAMETERS: Service = Service {
    name: "ssm",
    variable: "SSM",
};
pub(crate) const LAMBDA: Service = Service {
    name: "lambda",
    variable: "LAMBDA",
};
pub(crate) const SCHEDULER: Service = Service {
    name: "scheduler",
    variable: "SCHEDULER",
};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) service: Service,
    pub(crate) method: Method,
    /// The path with its query, encoded.
    pub(crate) path: String,
    /// The operation, for services that take it from a header.
    pub(crate) target: Option<&'a str>,
    pub(crate) body: Option<Value>,
}

/// A request failed, after its retries.
#[derive(Debug, Error)]
pub(crate) enum SignedError {
    #[error("there are no credentials of AWS: {0}")]
    Credentials(String),
    #[error("the request cannot be signed: {0}")]
    Signature(String),
    #[error("{service} cannot be reached: {why}")]
    Unreachable { service: &'static str, why: String },
    #[error("{service} answers {status}: {code}")]
    Refused {
        service: &'static str,
        status: u16,
        /// AWS's name of the error.
        code: String,
    },
}

impl SignedError {
    /// AWS's name of the error, where it gave one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            SignedError::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    fn may_pass(&self) -> bool {
        match self {
            SignedError::Unreachable { .. } => true,
            SignedError::Refused { status, code, .. } => {
                *status >= 500 || *status == 429 || code.contains("Throttl")
            }
            _ => false,
        }
    }
}

/// Sends signed requests.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    config: SdkConfig,
    client: reqwest::Client,
}

impl Signed {
    pub(crate) fn new(config: &SdkConfig) -> Result<Signed, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .no_proxy()
            .build()?;
        Ok(Signed {
            config: config.clone(),
            client,
        })
    }

    /// Sends a request, and repeats it where its failure may be temporary.
    pub(crate) async fn send(&self, request: &Request<'_>) -> Result<Value, SignedError> {
        let mut attempt = 1;
        loop {
            match self.send_once(request).await {
                Err(error) if attempt < ATTEMPTS && error.may_pass() => {
                    tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn send_once(&self, request: &Request<'_>) -> Result<Value, SignedError> {
        let service = request.service.name;
        let region = self
            .config
            .region()
            .map_or("us-east-1", |region| region.as_ref());
        let url = format!(
            "{}{}",
            endpoint(request.service, region, |name| { std::env::var(name).ok() }),
            request.path
        );
        let body = request
            .body
            .as_ref()
            .map_or(String::new(), Value::to_string);
        let mut headers = Vec::new();
        if request.body.is_some() {
            let kind = if request.target.is_some() {
                "application/x-amz-json-1.1"
            } else {
                "application/json"
            };
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        if let Some(target) = request.target {
            headers.push(("x-amz-target".to_owned(), target.to_owned()));
        }
        headers.extend(
            self.signature(request, region, &url, &headers, &body)
                .await?,
        );
        let mut builder = self.client.request(request.method.clone(), &url).body(body);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let unreachable = |error: reqwest::Error| SignedError::Unreachable {
            service,
            why: error.without_url().to_string(),
        };
        let response = builder.send().await.map_err(unreachable)?;
        let status = response.status();
        let named = response.headers().get("x-amzn-errortype").cloned();
        let text = response.text().await.map_err(unreachable)?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        let named = named.as_ref().and_then(|name| name.to_str().ok());
        Err(SignedError::Refused {
            service,
            status: status.as_u16(),
            code: code_of(named, &value),
        })
    }

    async fn signature(
        &self,
        request: &Request<'_>,
        region: &str,
        url: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Result<Vec<(String, String)>, SignedError> {
        let none = || SignedError::Credentials("none are configured".to_owned());
        let provider = self.config.credentials_provider().ok_or_else(none)?;
        let credentials = provider.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| SignedError::Credentials(error.to_string()))?;
        let identity = credentials.into();
        let wrong = |error: &dyn std::error::Error| SignedError::Signature(error.to_string());
        let params: SigningParams<'_> = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(request.service.name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?
            .into();
        let signable = SignableRequest::new(
            request.method.as_str(),
            url,
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(body.as_bytes()),
        )
        .map_err(|error| wrong(&error))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| wrong(&error))?
            .into_parts();
        let signed = instructions.headers();
        Ok(signed
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

/// The endpoint of a service: what the environment says, as for AWS's SDKs, or the public endpoint of the region.
fn endpoint(
    service: Service,
    region: &str,
    environment: impl Fn(&str) -> Option<String>,
) -> String {
    let own = format!("AWS_ENDPOINT_URL_{}", service.variable);
    let set = environment(&own).or_else(|| environment("AWS_ENDPOINT_URL"));
    if let Some(url) = set.filter(|url| !url.is_empty()) {
        return url.trim_end_matches('/').to_owned();
    }
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{}.{region}.{domain}", service.name)
}

/// The name of an error, from its header or body, without the namespace before it or the link after it.
fn code_of(header: Option<&str>, body: &Value) -> String {
    let of_body = ["__type", "code", "Code"]
        .into_iter()
        .find_map(|key| body.get(key).and_then(Value::as_str));
    let whole = header.or(of_body).unwrap_or("no reason given");
    let name = whole.rsplit('#').next().unwrap_or(whole);
    name.split(':').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_endpoint_is_the_one_the_environment_names_or_the_regions_own() {
        let none = |_: &str| None;
        assert_eq!(
            endpoint(LAMBDA, "eu-west-1", none),
            "https://lambda.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            endpoint(SECRETS, "cn-north-1", none),
            "https://secretsmanager.cn-north-1.amazonaws.com.cn"
        );
        let all = |name: &str| (name == "AWS_ENDPOINT_URL").then(|| "http://a:1/".to_owned());
        assert_eq!(endpoint(SECRETS, "eu-west-1", all), "http://a:1");
        let own = |name: &str| {
            (name == "AWS_ENDPOINT_URL_SECRETS_MANAGER").then(|| "http://b:2".to_owned())
        };
        assert_eq!(endpoint(SECRETS, "eu-west-1", own), "http://b:2");
    }

    #[test]
    fn an_error_is_named_as_aws_names_it_wherever_the_name_stands() {
        assert_eq!(
            code_of(Some("ConflictException:http://internal/"), &Value::Null),
            "ConflictException"
        );
        let body = json!({"__type": "com.amazonaws.ssm#ParameterNotFound"});
        assert_eq!(code_of(None, &body), "ParameterNotFound");
        assert_eq!(code_of(None, &Value::Null), "no reason given");
    }
}
