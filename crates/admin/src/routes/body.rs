//! `/v1/calls/{call}/body`: the body of the answer of a call that has ended, whole, as it came. It is the vendor's, so it is
//! handed out as bytes to be saved and never as something that a browser would show under this address.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::calls::number_of;
use crate::response::Refused;
use crate::site::Site;

/// Bytes read from a file at once.
const CHUNK: usize = 64 * 1024;

pub(crate) async fn body(
    State(site): State<Arc<Site>>,
    Path(call): Path<String>,
) -> Result<Response, Refused> {
    let number = number_of(&site, &call).await?;
    if let Some(stored) = site.engine.calls().stored_body(number).await? {
        let file = whole(number, stored.path.clone(), stored.sha256.clone()).await?;
        let mut response = handed_out(number, Body::from_stream(chunks(file)));
        let headers = response.headers_mut();
        headers.insert("content-length", stored.size.into());
        for (name, value) in [
            ("x-body-sha256", Some(stored.sha256.as_str())),
            ("x-body-content-type", stored.content_type.as_deref()),
        ] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
        return Ok(response);
    }
    let outcome = site.engine.calls().call_outcome(number).await?;
    match outcome
        .as_ref()
        .map(|outcome| &outcome.told["ResponseBody"])
    {
        Some(Value::String(text)) => Ok(handed_out(number, Body::from(text.clone()))),
        Some(value) if !value.is_null() => Ok(handed_out(number, Body::from(value.to_string()))),
        _ => Err(Refused::not_found(format!(
            "no body is kept of call c-{number}: a short one of a workflow's call is in the history of its execution"
        ))),
    }
}

/// The file, once all of it has been read and found to be what was written. It is read again to be sent: a client
/// should not learn only at the end of a long response that it was damaged.
async fn whole(number: i64, path: PathBuf, sha256: String) -> Result<File, Refused> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Refused::not_found(format!("the body of call c-{number} cannot be read: {why}"))
    };
    let read = tokio::task::spawn_blocking(move || -> std::io::Result<(File, bool)> {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        std::io::copy(&mut file, &mut Hashing(&mut hash))?;
        file.rewind()?;
        let found: String = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok((file, found == sha256))
    });
    let read = read.await.map_err(|why| unreadable(&why))?;
    match read.map_err(|why| unreadable(&why))? {
        (file, true) => Ok(file),
        (_, false) => Err(Refused::damaged(format!(
            "the body of call c-{number} is not what was written: the disk has changed it"
        ))),
    }
}

/// Writes into a digest.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn handed_out(number: i64, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let name = format!("attachment; filename=\"c-{number}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}

/// The file piece by piece, read on a thread that may wait for the disk.
fn chunks(mut file: File) -> Chunks {
    let (send, receive) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            let part = std::io::Read::by_ref(&mut file);
            let read = std::io::Read::read_to_end(
                &mut std::io::Read::take(part, CHUNK as u64),
                &mut chunk,
            );
            let item = match read {
                Ok(0) => return,
                Ok(_) => Ok(Bytes::from(chunk)),
                Err(why) => Err(why),
            };
            let ended = item.is_err();
            // A client that has gone needs no more of it.
            if send.blocking_send(item).is_err() || ended {
                return;
            }
        }
    });
    Chunks(receive)
}

struct Chunks(mpsc::Receiver<std::io::Result<Bytes>>);

impl futures_core::Stream for Chunks {
    type Item = std::io::Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
