//! Reads an answer from the network: its head, and its body to its end or its bound, into memory or into a file.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rampmeter_call::{Answer, StoredBody};
use reqwest::Response;
use serde_json::Value;

use super::body::{self, Body};
use super::body_file::Arriving;
use crate::network::error_chain;

/// What becomes of the body of an answer if the host can store long ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseRules {
    /// JSONPath of the part of a successful answer's body that is passed on; none passes on all of it. Applied by the
    /// host.
    pub select: Option<String>,
    /// The longest body that is carried along, in bytes. A longer one goes into a file.
    pub inline: usize,
    /// The longest body that is read, in bytes; the rest is dropped, and the answer says so.
    pub max: u64,
}

impl ResponseRules {
    /// The longest output of a task: the data limit of Step Functions, in bytes.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
    pub const MAX_OUTPUT_BYTES: usize = 262_144;
}

impl Default for ResponseRules {
    /// 200 KiB are carried along, which leaves room for headers; 64 MiB are read.
    fn default() -> ResponseRules {
        ResponseRules {
            select: None,
            inline: 200 * 1024,
            max: 64 * 1024 * 1024,
        }
    }
}

/// Where the body of an answer goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BodySink<'a> {
    /// Into memory, at most this many bytes.
    Memory(usize),
    /// Into this file, if it is too long for these rules to be carried along.
    File(&'a Path, &'a ResponseRules),
}

/// Reads an answer to its end or to `most` bytes of its body.
pub(crate) async fn read(response: Response, most: usize) -> Answer {
    read_into(response, BodySink::Memory(most)).await
}

/// Reads an answer to its end or to the bound of its body. Its status and headers have arrived, so there is an answer whatever
/// becomes of the body.
pub(crate) async fn read_into(response: Response, sink: BodySink<'_>) -> Answer {
    let mut answer = head_of(&response);
    let mut arrived = match sink {
        BodySink::Memory(most) => Arrived::new(None, most, most as u64),
        BodySink::File(path, rules) => Arrived::new(Some(path), rules.inline, rules.max),
    };
    if let Err(error) = arrived.receive(response).await {
        answer.reading.error = Some(error);
    }
    answer.truncated = arrived.truncated;
    if arrived.file.is_none() && arrived.carry(&mut answer) {
        return answer;
    }
    match arrived.store(answer.header("content-type")).await {
        Ok(stored) => answer.stored = Some(stored),
        Err(error) => answer.reading.error = Some(error),
    }
    answer
}

fn head_of(response: &Response) -> Answer {
    let status = response.status();
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), value.into_owned())
    });
    Answer {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        ..Answer::default()
    }
}

/// What has arrived of a body.
struct Arrived<'p> {
    /// Where a file for it would be; none if there is to be none.
    path: Option<&'p Path>,
    /// The longest body that is held in memory, in bytes.
    in_memory: usize,
    /// The longest body that is read, in bytes.
    bound: u64,
    size: u64,
    /// What is not in the file.
    bytes: Vec<u8>,
    file: Option<Arriving>,
    truncated: bool,
}

impl<'p> Arrived<'p> {
    fn new(path: Option<&'p Path>, in_memory: usize, bound: u64) -> Arrived<'p> {
        Arrived {
            path,
            in_memory,
            bound,
            size: 0,
            bytes: Vec::new(),
            file: None,
            truncated: false,
        }
    }

    /// Reads the body from the network to its end or its bound. `Err` says in words why it ended early.
    async fn receive(&mut self, mut response: Response) -> Result<(), String> {
        while let Some(chunk) = response.chunk().await.map_err(broken_off)? {
            let room = usize::try_from(self.bound - self.size).unwrap_or(usize::MAX);
            let taken = &chunk[..chunk.len().min(room)];
            self.size += taken.len() as u64;
            self.bytes.extend_from_slice(taken);
            // Only as much is held in memory as would be carried along.
            if self.path.is_some() && self.bytes.len() > self.in_memory {
                self.write().await?;
            }
            if chunk.len() > room {
                // The rest may be endless: dropping the response closes the connection.
                self.truncated = true;
                break;
            }
        }
        Ok(())
    }

    /// Gives the body to the answer, if it can be carried along there.
    fn carry(&self, answer: &mut Answer) -> bool {
        let whole = !self.truncated && answer.reading.error.is_none();
        let content_type = answer.header("content-type");
        match body::read(&self.bytes, content_type, whole) {
            Body::Json(value) => answer.body = value,
            Body::Text(text) => answer.body = Value::String(text),
            Body::Bytes if self.path.is_some() => return false,
            Body::Bytes => {
                answer.body = Value::String(STANDARD.encode(&self.bytes));
                answer.reading.base64 = true;
            }
        }
        // Text full of escapes is longer in an output than in the answer.
        let fits = self.path.is_none()
            || answer.to_task_output().to_string().len() <= ResponseRules::MAX_OUTPUT_BYTES;
        if !fits {
            answer.body = Value::Null;
        }
        fits
    }

    /// Puts all of it on disk.
    async fn store(mut self, content_type: Option<&str>) -> Result<StoredBody, String> {
        self.write().await?;
        let content_type = content_type.map(str::to_owned);
        match self.file {
            Some(file) => blocking(move || file.finish(content_type)).await,
            None => unreachable!("a body without a place for a file is carried along"),
        }
    }

    /// Moves what is in memory into the file, which is made when its first bytes come.
    async fn write(&mut self) -> Result<(), String> {
        let Some(path) = self.path.map(Path::to_owned) else {
            return Ok(());
        };
        let (bytes, file) = (std::mem::take(&mut self.bytes), self.file.take());
        let written = blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => Arriving::create(&path)?,
            };
            file.write(&bytes)?;
            Ok(file)
        });
        self.file = Some(written.await?);
        Ok(())
    }
}

fn broken_off(error: reqwest::Error) -> String {
    if error.is_timeout() {
        "no complete answer within the timeout".to_owned()
    } else {
        error_chain(error)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(std::io::Error::other)
        .flatten()
        .map_err(|error| format!("the body of the answer could not be stored: {error}"))
}
