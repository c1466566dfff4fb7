//! The HTTP client of one account and the reading of its answers: nothing is redirected, repeated or sent through a
//! proxy from the environment, names lead to admitted addresses only, and no answer is longer than its bound.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::Value;

use crate::account::CallerError;
use crate::answer::Answer;
use crate::profile::ResponseRules;
use crate::resolver::Resolver;
use crate::stored_body::Arriving;
use crate::tls;

/// Longest wait for a connection; a host that does not answer within it is away.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Idle connections are closed after this time, before the usual server or load balancer closes them: a call sent
/// on a connection that is just being closed has an unknown outcome.
const IDLE: Duration = Duration::from_secs(30);

/// A client for one account. `secure` says whether any of its URLs is `https`.
pub(crate) fn client(
    secure: bool,
    timeout: Duration,
    resolver: Resolver,
) -> Result<Client, CallerError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::config(secure)?)
        .redirect(reqwest::redirect::Policy::none())
        // A repeat counts at the vendor, so it needs a permit of its own: the library must not make one.
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Arc::new(resolver))
        .user_agent(concat!("rampmeter/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .timeout(timeout)
        // Half at most, so that a host that is away is told apart from an answer that is late.
        .connect_timeout(LONGEST_CONNECT.min(timeout / 2))
        .pool_idle_timeout(IDLE)
        .build()?)
}

/// Why an answer could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It did not arrive whole.
    Lost(reqwest::Error),
    /// Its body could not be stored.
    NotStored(std::io::Error),
}

/// Where the body of an answer goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Into<'a> {
    /// Into memory, at most so many bytes.
    Memory(usize),
    /// Into this file, if it is too long for these rules to be carried along.
    File(&'a Path, &'a ResponseRules),
}

/// Reads an answer to its end or to `most` bytes of its body.
pub(crate) async fn read(response: Response, most: usize) -> Result<Answer, reqwest::Error> {
    match read_into(response, Into::Memory(most)).await {
        Ok(answer) => Ok(answer),
        Err(Unread::Lost(error)) => Err(error),
        Err(Unread::NotStored(error)) => unreachable!("nothing is stored: {error}"),
    }
}

/// Reads an answer to its end or to the bound of its body.
pub(crate) async fn read_into(mut response: Response, into: Into<'_>) -> Result<Answer, Unread> {
    let status = response.status();
    let headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let (in_memory, bound) = match into {
        Into::Memory(most) => (most, most as u64),
        Into::File(_, rules) => (rules.inline, rules.max),
    };
    let mut body = Vec::new();
    let mut arriving = None;
    let (mut size, mut truncated) = (0, false);
    while let Some(chunk) = response.chunk().await.map_err(Unread::Lost)? {
        let room = usize::try_from(bound - size).unwrap_or(usize::MAX);
        let taken = &chunk[..chunk.len().min(room)];
        size += taken.len() as u64;
        body.extend_from_slice(taken);
        // Only as much is held in memory as would be carried along.
        if let Into::File(path, _) = into
            && body.len() > in_memory
        {
            let full = std::mem::take(&mut body);
            arriving = Some(write(arriving, path, full).await?);
        }
        if chunk.len() > room {
            // The rest may be endless: dropping the response closes the connection.
            truncated = true;
            break;
        }
    }
    let mut answer = Answer {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or_default().to_owned(),
        headers,
        body: Value::Null,
        truncated,
        stored: None,
    };
    let Into::File(path, _) = into else {
        answer.body = Answer::read_body(&body, truncated);
        return Ok(answer);
    };
    if arriving.is_none() {
        answer.body = Answer::read_body(&body, truncated);
        // Text that is full of escapes is longer in an output than it was.
        if answer.to_task_output().to_string().len() <= ResponseRules::LONGEST_OUTPUT {
            return Ok(answer);
        }
        answer.body = Value::Null;
    }
    let arriving = write(arriving, path, body).await?;
    let content_type = answer.header("content-type").map(str::to_owned);
    let finished = blocking(move || arriving.finish(content_type)).await?;
    answer.stored = Some(finished);
    Ok(answer)
}

/// Adds to a file, which is made when its first bytes come.
async fn write(
    arriving: Option<Arriving>,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<Arriving, Unread> {
    let path = path.to_owned();
    blocking(move || {
        let mut arriving = match arriving {
            Some(arriving) => arriving,
            None => Arriving::create(&path)?,
        };
        arriving.write(&bytes)?;
        Ok(arriving)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Unread> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(std::io::Error::other)
        .flatten()
        .map_err(Unread::NotStored)
}

/// The error and its causes in one line, without the URL: its query may hold business data.
pub(crate) fn spelt(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = inner.source();
    }
    line
}
