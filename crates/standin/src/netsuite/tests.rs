//! NetSuite's surface over the wire: what counts against the limits, what is answered, and jobs.

use crate::client::{call, held, reply, send, start, within};
use crate::{Gate, NetSuite, NetSuiteOptions, Report, Span};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mod answers;
mod jobs;
mod limits;

const ORDER: &str = "/services/rest/record/v1/salesOrder/eid:SO-1";

/// An account whose work lasts until the gate lets it go.
fn gated(gate: &Gate, max_in_flight: u32) -> NetSuiteOptions {
    NetSuiteOptions {
        max_in_flight,
        latency: held(gate),
        ..NetSuiteOptions::default()
    }
}

async fn put(netsuite: &NetSuite, path: &str) -> crate::client::Reply {
    call(netsuite, &format!("PUT {path}"), "", "{}").await
}
