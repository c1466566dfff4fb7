//! The AWS clients, all set up the same way: TLS with ring, short timeouts, few retries. Code that needs to retry for
//! longer does so itself.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sqs::config::SharedHttpClient;
use aws_sdk_sqs::config::http::HttpRequest;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::trace::{self, TraceHeader};

/// Longest time of one attempt of one request to AWS.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Longest time of one request to AWS, including its retries.
const OPERATION: Duration = Duration::from_secs(12);

/// Region, credentials and endpoints as the environment names them.
pub(crate) async fn load() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}

/// HTTP with ring.
pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// Gives a request the trace to which it belongs. Otherwise the SDK would add the invocation's trace, but one
/// invocation makes many calls, each with a trace of its own.
pub(crate) fn of_trace(
    header: Option<&TraceHeader>,
) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let header = header.map(ToString::to_string);
    move |request| {
        if let Some(header) = &header {
            request.headers_mut().insert(trace::HEADER, header.clone());
        }
    }
}
