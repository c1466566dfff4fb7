//! A small client of AWS itself: operations in JSON, signed by the code with which the AWS port checks signatures
//! (`wire`). For five operations an SDK would cost most of a build. Credentials come from the environment; AWS's own
//! command line can put those of a profile there, single sign-on included.

use std::time::Duration;

use jiff::Timestamp;
use rampmeter_terminal::{Exit, Failure};
use rampmeter_wire::sigv4::Signer;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Position;

/// Longest wait for one response.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a request is attempted whose failure may be temporary.
const TRIES: u32 = 3;

/// A service with a JSON protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// In host names and signatures.
    name: &'static str,
    /// What `X-Amz-Target` begins with.
    prefix: &'static str,
}

/// The table of permits.
pub(crate) const DYNAMODB: Service = Service {
    name: "dynamodb",
    prefix: "DynamoDB_20120810",
};
/// The queues.
pub(crate) const SQS: Service = Service {
    name: "sqs",
    prefix: "AmazonSQS",
};

/// A client of one account and region.
#[derive(Debug, Clone)]
pub(crate) struct AwsClient {
    http: reqwest::Client,
    signer: Signer,
    session: Option<String>,
    region: String,
    key: String,
}

/// Why an operation has no result.
#[derive(Debug)]
pub(crate) enum AwsError {
    /// AWS refused it: the name of its exception, and what it says.
    Refused {
        /// The exception.
        name: String,
        /// What it says.
        message: String,
    },
    /// It cannot be reached.
    Unreachable(String),
}

impl AwsError {
    /// AWS's name of the error.
    pub(crate) fn name(&self) -> &str {
        match self {
            AwsError::Refused { name, .. } => name,
            AwsError::Unreachable(_) => "",
        }
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Failure {
        match error {
            AwsError::Refused { name, message } => Failure::new(
                "RM3041",
                Exit::Unreachable,
                format!("AWS answered {name}: {message}"),
            ),
            AwsError::Unreachable(why) => {
                let what = format!("AWS cannot be reached: {why}");
                Failure::new("RM3041", Exit::Unreachable, what)
            }
        }
    }
}

impl AwsClient {
    /// A client with the credentials and the region of the environment.
    ///
    /// # Errors
    /// There are none.
    pub(crate) fn from_environment(
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<AwsClient, Failure> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let key = set("AWS_ACCESS_KEY_ID").zip(set("AWS_SECRET_ACCESS_KEY"));
        let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION"));
        let Some(((key, secret), region)) = key.zip(region) else {
            let what = "there are no credentials of AWS or no region in the environment";
            return Err(Failure::new("RM3040", Exit::Usage, what.to_owned()).with_help(
                "eval \"$(aws configure export-credentials --format env)\"; export AWS_REGION=...",
            ));
        };
        let http = reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build();
        let http = http.map_err(|why| {
            let what = format!("no HTTP client can be made: {why}");
            Failure::new("RM2013", Exit::Failed, what)
        })?;
        Ok(AwsClient {
            http,
            signer: Signer::new(&key, &secret, &region),
            session: set("AWS_SESSION_TOKEN"),
            region,
            key,
        })
    }

    /// The key that signs: who acts, as far as AWS is concerned.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Calls an operation, and repeats it where its failure may be temporary. An operation that changes something must
    /// tolerate that.
    pub(crate) async fn call(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, AwsError> {
        let mut tries = 1;
        loop {
            match self.call_once(service, operation, input).await {
                Err(error) if tries < TRIES && may_pass(&error) => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    async fn call_once(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, AwsError> {
        let url = endpoint(service.name, &self.region, &|name| std::env::var(name).ok());
        let unreachable = |why: &dyn std::fmt::Display| AwsError::Unreachable(why.to_string());
        let url = Url::parse(&url).map_err(|why| unreachable(&why))?;
        let body = input.to_string();
        let mut headers = HeaderMap::new();
        let host = url[Position::BeforeHost..Position::BeforePath].to_owned();
        let target = format!("{}.{operation}", service.prefix);
        for (name, value) in [
            (HOST, Some(host)),
            (CONTENT_TYPE, Some("application/x-amz-json-1.0".to_owned())),
            (HeaderName::from_static("x-amz-target"), Some(target)),
            (
                HeaderName::from_static("x-amz-security-token"),
                self.session.clone(),
            ),
        ] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        }
        let now = Timestamp::now();
        let (path, bytes) = (url.path().to_owned(), body.as_bytes());
        self.signer
            .sign("POST", &path, &mut headers, bytes, service.name, now);
        let request = self.http.post(url).headers(headers).body(body);
        let response = request.send().await;
        let response = response.map_err(|why| unreachable(&why.without_url()))?;
        let status = response.status();
        let text = response.text().await;
        let text = text.map_err(|why| unreachable(&why.without_url()))?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let name = answer["__type"].as_str().unwrap_or(status.as_str());
        let message = answer["message"].as_str().or(answer["Message"].as_str());
        Err(AwsError::Refused {
            name: name.rsplit('#').next().unwrap_or(name).to_owned(),
            message: message.unwrap_or_default().to_owned(),
        })
    }
}

fn may_pass(error: &AwsError) -> bool {
    match error {
        AwsError::Unreachable(_) => true,
        AwsError::Refused { name, .. } => {
            name.contains("Throttl") || name.starts_with('5') || name == "InternalServerError"
        }
    }
}

/// The endpoint of a service: what the environment says, as for AWS's own tools, or the public endpoint of the region.
fn endpoint(service: &str, region: &str, environment: &dyn Fn(&str) -> Option<String>) -> String {
    let own = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase());
    let set = environment(&own).or_else(|| environment("AWS_ENDPOINT_URL"));
    if let Some(url) = set.filter(|url| !url.is_empty()) {
        return format!("{}/", url.trim_end_matches('/'));
    }
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{service}.{region}.{domain}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_that_of_the_region_and_partition_unless_the_environment_names_one() {
        let none = |_: &str| None;
        let of = |region| endpoint("dynamodb", region, &none);
        assert_eq!(of("eu-west-1"), "https://dynamodb.eu-west-1.amazonaws.com/");
        assert_eq!(
            of("cn-north-1"),
            "https://dynamodb.cn-north-1.amazonaws.com.cn/"
        );
        let one = |name: &str| (name == "AWS_ENDPOINT_URL").then(|| "http://h:1/".to_owned());
        assert_eq!(endpoint("sqs", "eu-west-1", &one), "http://h:1/");
    }

    #[test]
    fn without_credentials_or_a_region_it_is_said_how_to_have_them() {
        // As `main` does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let only = |name: &str| (name == "AWS_REGION").then(|| "eu-west-1".to_owned());
        assert!(AwsClient::from_environment(&only).is_err());
        let keys = |name: &str| name.starts_with("AWS_").then(|| "x".to_owned());
        assert_eq!(AwsClient::from_environment(&keys).unwrap().key(), "x");
    }
}
