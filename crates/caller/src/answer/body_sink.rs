//! Reads an answer from the network: its head, and its body to its end or its bound, into memory or into a file.

use std::path::Path;

use rampmeter_call::Answer;
use reqwest::Response;
use serde_json::Value;

use super::body;
use super::body_file::Arriving;

/// What becomes of the body of an answer where the host has a place for long ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseRules {
    /// JSONPath of the part of a successful answer's body that is given on; none gives all of it. Applied by the host.
    pub select: Option<String>,
    /// The longest body that is carried along, in bytes. A longer one goes into a file.
    pub inline: usize,
    /// The longest body that is taken, in bytes; the rest is dropped and said so.
    pub max: u64,
}

impl ResponseRules {
    /// The longest output of a task: the data limit of Step Functions, in bytes.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
    pub const MAX_OUTPUT_BYTES: usize = 262_144;

    /// The same as [`ResponseRules::MAX_OUTPUT_BYTES`].
    pub const LONGEST_OUTPUT: usize = ResponseRules::MAX_OUTPUT_BYTES;
}

impl Default for ResponseRules {
    /// 200 KiB are carried along, which leaves room for headers; 64 MiB are taken.
    fn default() -> ResponseRules {
        ResponseRules {
            select: None,
            inline: 200 * 1024,
            max: 64 * 1024 * 1024,
        }
    }
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
pub(crate) enum BodySink<'a> {
    /// Into memory, at most so many bytes.
    Memory(usize),
    /// Into this file, if it is too long for these rules to be carried along.
    File(&'a Path, &'a ResponseRules),
}

/// Reads an answer to its end or to `most` bytes of its body.
pub(crate) async fn read(response: Response, most: usize) -> Result<Answer, reqwest::Error> {
    match read_into(response, BodySink::Memory(most)).await {
        Ok(answer) => Ok(answer),
        Err(Unread::Lost(error)) => Err(error),
        Err(Unread::NotStored(error)) => unreachable!("nothing is stored: {error}"),
    }
}

/// Reads an answer to its end or to the bound of its body.
pub(crate) async fn read_into(
    mut response: Response,
    sink: BodySink<'_>,
) -> Result<Answer, Unread> {
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
    let (in_memory, bound) = match sink {
        BodySink::Memory(most) => (most, most as u64),
        BodySink::File(_, rules) => (rules.inline, rules.max),
    };
    let mut bytes = Vec::new();
    let mut arriving = None;
    let (mut size, mut truncated) = (0, false);
    while let Some(chunk) = response.chunk().await.map_err(Unread::Lost)? {
        let room = usize::try_from(bound - size).unwrap_or(usize::MAX);
        let taken = &chunk[..chunk.len().min(room)];
        size += taken.len() as u64;
        bytes.extend_from_slice(taken);
        // Only as much is held in memory as would be carried along.
        if let BodySink::File(path, _) = sink
            && bytes.len() > in_memory
        {
            let full = std::mem::take(&mut bytes);
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
    let BodySink::File(path, _) = sink else {
        answer.body = body::read(&bytes, truncated);
        return Ok(answer);
    };
    if arriving.is_none() {
        answer.body = body::read(&bytes, truncated);
        // Text that is full of escapes is longer in an output than it was.
        if answer.to_task_output().to_string().len() <= ResponseRules::MAX_OUTPUT_BYTES {
            return Ok(answer);
        }
        answer.body = Value::Null;
    }
    let arriving = write(arriving, path, bytes).await?;
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
