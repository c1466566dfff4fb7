//! Invokes the HTTP stand-in of a Lambda function: one POST of the event, never repeated, and its response. What
//! that means for a workflow is decided by the engine.

use std::fmt;
use std::time::Duration;

use rampmeter_call::Answer;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method};
use url::Url;

use crate::answer::body_sink::read;
use crate::call::CallerError;
use crate::call::JSON;
use crate::network::{error_chain, tls};

/// The longest time that Lambda lets a function run.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_RUN: Duration = Duration::from_secs(900);

/// The longest wait for a connection.
const MAX_CONNECT: Duration = Duration::from_secs(10);

/// Bytes of a response that are kept: four times what a workflow can take.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Invokes one function. Cheap to share; connections are kept and reused.
pub struct FunctionCaller {
    url: Url,
    client: Client,
}

/// Why an invocation has no response, in words without the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvokeError {
    /// No connection was made: the function did not run.
    NotSent(String),
    /// The function may have run; its response is missing.
    Lost(String),
}

impl FunctionCaller {
    /// A caller for the function at `url`. Opens no connection yet.
    ///
    /// # Errors
    /// When TLS or the HTTP client cannot be set up.
    pub fn new(url: Url) -> Result<FunctionCaller, CallerError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(url.scheme() == "https")?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(concat!("rampmeter/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .timeout(MAX_RUN)
            .connect_timeout(MAX_CONNECT)
            .build()?;
        Ok(FunctionCaller { url, client })
    }

    /// Invokes the function with an event, which is JSON text.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke(&self, event: String) -> Result<Answer, InvokeError> {
        let sent = self
            .client
            .request(Method::POST, self.url.clone())
            .header(CONTENT_TYPE, JSON)
            .body(event)
            .send()
            .await;
        match sent {
            Ok(response) => {
                let answer = read(response, MAX_ANSWER_BYTES).await;
                match answer.reading.error {
                    Some(error) => Err(InvokeError::Lost(error)),
                    None => Ok(answer),
                }
            }
            Err(error) if error.is_connect() => Err(InvokeError::NotSent(error_chain(error))),
            Err(error) => Err(InvokeError::Lost(error_chain(error))),
        }
    }
}

impl fmt::Debug for FunctionCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may contain a key.
        f.debug_struct("FunctionCaller").finish_non_exhaustive()
    }
}
