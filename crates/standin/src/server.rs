//! The HTTP server of a stand-in NetSuite: its routes, and the task in which each accepted call runs.

use crate::answer::Answer;
use crate::call::{Call, RequestBody, is_limited};
use crate::judge::{Ending, Judge, Verdict};
use crate::line::{Cutter, Lines};
use crate::options::NetSuiteOptions;
use crate::report::{Report, Span};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running stand-in NetSuite. Dropping it closes the port; calls in flight run to their end.
///
/// Its surface, on plain HTTP:
/// - `PUT /services/rest/record/v1/{type}/eid:{external id}` creates or replaces a record,
///   `POST /services/rest/record/v1/{type}` creates one, `GET` reads one by internal or external id;
/// - `GET /services/rest/system/v1/serverTime` and `.../governanceLimits`, which no limit covers;
/// - `GET /_standin/report` and `GET /_standin/spans`, outside NetSuite's surface: what the judge saw.
///
/// Everything else is 404. The limits cover every call at or below `/services/rest/record` and
/// `/services/rest/query`, whatever its answer.
#[derive(Debug)]
pub struct NetSuite {
    address: SocketAddr,
    judge: Arc<Judge>,
    /// Dropping it asks the server to stop.
    running: oneshot::Sender<()>,
    port_closed: oneshot::Receiver<()>,
}

impl NetSuite {
    /// Starts serving on `address`; port 0 takes a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` with an [`OptionsError`](crate::OptionsError) inside when the options make no sense,
    /// else what the system says when the address cannot be bound.
    pub async fn bind(address: SocketAddr, options: NetSuiteOptions) -> io::Result<NetSuite> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let judge = Judge::new(&options, address)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let judge = Arc::new(judge);
        let (lines, port_closed) = Lines::new(listener);
        let (running, stopped) = oneshot::channel::<()>();
        let router = router(Arc::clone(&judge), options);
        let serve = axum::serve(
            lines,
            router.into_make_service_with_connect_info::<Cutter>(),
        )
        .with_graceful_shutdown(async {
            // The sender is never used; the error of its being dropped is the signal.
            let _ = stopped.await;
        });
        tokio::spawn(async move { serve.await });
        Ok(NetSuite {
            address,
            judge,
            running,
            port_closed,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it saw so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.judge.report()
    }

    /// The latest calls that have ended, in the order of their ends; at most
    /// [`spans_kept`](NetSuiteOptions::spans_kept). A call in flight is not among them.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.judge.spans()
    }

    /// The vendor changes the account's limits from now on: calls in flight, and calls in each window in the order
    /// of the options, as many as are given. Calls that came before still count.
    pub fn change_limits(&self, in_flight: u32, in_windows: &[u64]) {
        self.judge.change_limits(in_flight, in_windows);
    }

    /// Waits until no call is in flight. More may come later.
    pub async fn drained(&self) {
        self.judge.wait_for(|counts| counts.in_flight == 0).await;
    }

    /// Waits until the counts are as wanted, looking at every change of them. The latency percentiles are
    /// not computed for it.
    pub async fn wait_for(&self, wanted: impl Fn(&Report) -> bool) {
        self.judge.wait_for(wanted).await;
    }

    /// Closes the port, waits for the calls in flight to end and says what was seen.
    pub async fn shut_down(self) -> Report {
        drop(self.running);
        // The error of the sender's being dropped with the listener is the signal.
        let _ = self.port_closed.await;
        self.judge.wait_for(|counts| counts.in_flight == 0).await;
        self.judge.report()
    }
}

/// What the handlers share.
#[derive(Clone)]
struct Desk {
    judge: Arc<Judge>,
    options: Arc<NetSuiteOptions>,
}

fn router(judge: Arc<Judge>, options: NetSuiteOptions) -> Router {
    let body_limit = options.body_limit;
    Router::new()
        .route(
            "/_standin/report",
            get(|State(desk): State<Desk>| async move { Json(desk.judge.report()) }),
        )
        .route(
            "/_standin/spans",
            get(|State(desk): State<Desk>| async move { Json(desk.judge.spans()) }),
        )
        .fallback(netsuite)
        .layer(DefaultBodyLimit::max(body_limit))
        .with_state(Desk {
            judge,
            options: Arc::new(options),
        })
}

/// NetSuite's surface. The body is read whole before anything is counted.
async fn netsuite(
    State(desk): State<Desk>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(bytes) => RequestBody::Whole(bytes),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            RequestBody::Over(desk.options.body_limit)
        }
        // The client broke off inside its body: no call has arrived.
        Err(rejection) => return rejection.into_response(),
    };
    let limited = is_limited(uri.path());
    if !authorised(&desk.options, &headers) {
        let answer = if limited {
            desk.judge.turn_away_unauthorised()
        } else {
            Answer::invalid_login()
        };
        return answer.into_response();
    }
    if !limited {
        return system(&desk.options, &method, uri.path()).into_response();
    }
    let call = Call::read(&method, uri.path(), &headers, &body);
    run(&desk.judge, call, &cutter).await.into_response()
}

fn authorised(options: &NetSuiteOptions, headers: &HeaderMap) -> bool {
    let Some(bearer) = &options.bearer else {
        return true;
    };
    let given = headers
        .get(header::AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    given.is_some_and(|given| given == format!("Bearer {bearer}").as_bytes())
}

/// The system resources. Their paths are documented; the member `serverTime` is not confirmed.
fn system(options: &NetSuiteOptions, method: &Method, path: &str) -> Answer {
    match (method, path) {
        (&Method::GET, "/services/rest/system/v1/serverTime") => {
            Answer::found(json!({ "serverTime": jiff::Timestamp::now().to_string() }))
        }
        (&Method::GET, "/services/rest/system/v1/governanceLimits") => Answer::found(json!({
            "accountConcurrencyLimit": options.max_in_flight,
            "accountUnallocatedConcurrencyLimit": options.max_in_flight,
            "integrationLimitType": "accountLimit",
        })),
        _ => Answer::unknown_path(method.as_str(), path),
    }
}

/// Runs an accepted call in a task of its own, so that it goes on and keeps its slot when the client hangs
/// up and this handler is dropped.
async fn run(judge: &Arc<Judge>, call: Call, cutter: &Cutter) -> Answer {
    let (job, work) = match judge.arrive(call) {
        Verdict::Rejected(answer) => return answer,
        Verdict::Accepted(job, work) => (job, work),
    };
    let (mut tell, told) = oneshot::channel();
    let judge = Arc::clone(judge);
    tokio::spawn(async move {
        let mut done = pin!(work.done());
        tokio::select! {
            biased;
            () = &mut done => {}
            () = tell.closed() => {
                judge.note_abandoned();
                done.await;
            }
        }
        // An error means that the client hung up, which the work does not care about.
        let _ = tell.send(judge.end(job));
    });
    match told.await {
        Ok(Ending::Answered(answer)) => answer,
        Ok(Ending::AnswerLost) => {
            cutter.cut();
            Answer::unavailable()
        }
        // Only a runtime that is being torn down drops a task before its end.
        Err(_) => Answer::unavailable(),
    }
}

#[cfg(test)]
mod tests;
