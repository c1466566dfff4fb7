//! The clients of AWS, set up alike: TLS with ring, short time-outs, few repeats. What repeats longer does so knowingly
//! at the place that needs it.

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
/// Longest time of one request to AWS, its repeats included.
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

/// Gives a request the trace that it belongs to. Without one it has the trace of the invocation, which the SDK adds where
/// no other is given: many calls are made in one invocation, each of a trace of its own.
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
