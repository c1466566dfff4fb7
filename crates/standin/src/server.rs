//! The HTTP server of a stand-in: one port for one vendor's account, and the task in which each accepted call runs.

use crate::judge::{Ending, Job, Judge, Limits, Verdict};
use crate::latency::Work;
use crate::line::{Cutter, Lines};
use crate::options::{Conduct, OptionsError};
use crate::report::{Report, Span};
use crate::request::{Arrival, RequestBody};
use crate::response::VendorResponse;
use crate::vendor::Vendor;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running stand-in. Dropping it closes the port; calls in flight run to their end.
///
/// Besides the vendor's own surface, on plain HTTP, it serves `GET /_standin/report` and `GET /_standin/spans`: what
/// the judge saw.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    judge: Arc<Judge>,
    /// Dropping it asks the server to stop.
    running: oneshot::Sender<()>,
    port_closed: oneshot::Receiver<()>,
}

/// Options that a stand-in can be built from.
pub trait Options: sealed::Options {}

impl<O: sealed::Options> Options for O {}

pub(crate) mod sealed {
    /// How a vendor's options become its stand-in. Only this crate can say so.
    pub trait Options {
        /// The vendor's account at an address.
        ///
        /// # Errors
        /// When the options make no sense.
        #[allow(private_interfaces, reason = "sealed: nobody else calls it")]
        fn build(self, address: std::net::SocketAddr) -> Result<super::Plan, super::OptionsError>;
    }
}

/// What a stand-in is built from.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) vendor: Box<dyn Vendor>,
    pub(crate) limits: Limits,
    pub(crate) conduct: Conduct,
}

impl StandIn {
    /// Starts serving on `address`; port 0 takes a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` with an [`OptionsError`] inside when the options make no sense,
    /// else what the system says when the address cannot be bound.
    pub async fn bind(address: SocketAddr, options: impl Options) -> io::Result<StandIn> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let invalid = |error: OptionsError| io::Error::new(io::ErrorKind::InvalidInput, error);
        let plan = options.build(address).map_err(invalid)?;
        let judge = Judge::new(plan.vendor, &plan.limits, &plan.conduct).map_err(invalid)?;
        let judge = Arc::new(judge);
        let (lines, port_closed) = Lines::new(listener);
        let (running, stopped) = oneshot::channel::<()>();
        let router = router(Arc::clone(&judge), plan.conduct.body_limit);
        let serve = axum::serve(
            lines,
            router.into_make_service_with_connect_info::<Cutter>(),
        )
        .with_graceful_shutdown(async {
            // The sender is never used; the error of its being dropped is the signal.
            let _ = stopped.await;
        });
        tokio::spawn(async move { serve.await });
        Ok(StandIn {
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
    /// [`spans_kept`](Conduct::spans_kept). A call in flight is not among them.
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
    body_limit: usize,
}

fn router(judge: Arc<Judge>, body_limit: usize) -> Router {
    Router::new()
        .route(
            "/_standin/report",
            get(|State(desk): State<Desk>| async move { Json(desk.judge.report()) }),
        )
        .route(
            "/_standin/spans",
            get(|State(desk): State<Desk>| async move { Json(desk.judge.spans()) }),
        )
        .fallback(receive)
        .layer(DefaultBodyLimit::max(body_limit))
        .with_state(Desk { judge, body_limit })
}

/// The vendor's surface. The body is read whole before anything is counted.
async fn receive(
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
            RequestBody::Over(desk.body_limit)
        }
        // The client broke off inside its body: no call has arrived.
        Err(rejection) => return rejection.into_response(),
    };
    let arrival = Arrival::new(method, &uri, headers, body);
    let ending = match desk.judge.receive(arrival) {
        Verdict::Answered(ending, after) => {
            if after > Duration::ZERO {
                tokio::time::sleep(after).await;
            }
            ending
        }
        Verdict::Accepted(job, work) => run(&desk.judge, job, work).await,
        Verdict::Background(first, job, work) => {
            let judge = Arc::clone(&desk.judge);
            tokio::spawn(async move {
                work.done().await;
                judge.finish(job);
            });
            first
        }
    };
    match ending {
        Ending::Answered(answer) => answer.into_response(),
        Ending::AnswerLost => {
            cutter.cut();
            VendorResponse::empty(503).into_response()
        }
    }
}

/// Runs an accepted call in a task of its own, so that it goes on and keeps its slot when the client hangs
/// up and this handler is dropped.
async fn run(judge: &Arc<Judge>, job: Job, work: Work) -> Ending {
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
        // An error means that the client hung up, which does not affect the work.
        let _ = tell.send(judge.end(job));
    });
    // Only a runtime that is being torn down drops a task before its end.
    told.await
        .unwrap_or(Ending::Answered(VendorResponse::empty(503)))
}
