//! `/v1/calls/{call}/body`: the body of the answer of a call that has ended, whole, as it came. It is the vendor's, so it is
//! handed out as bytes to be saved and never as something that a browser would show under this address.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::mpsc;

use super::Site;
use super::answer::Refused;
use super::calls::number_of;

/// Bytes read from a file at once.
const CHUNK: usize = 64 * 1024;

pub(super) async fn body(
    State(site): State<Arc<Site>>,
    Path(call): Path<String>,
) -> Result<Response, Refused> {
    let number = number_of(&site, &call).await?;
    if let Some(stored) = site.engine.stored_body(number).await? {
        let file = std::fs::File::open(&stored.path);
        let file = file.map_err(|why| {
            Refused::not_found(format!("the body of call c-{number} cannot be read: {why}"))
        })?;
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
    let outcome = site.engine.call_outcome(number).await?;
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
fn chunks(mut file: std::fs::File) -> Chunks {
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
            // A client that has gone wants no more of it.
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
