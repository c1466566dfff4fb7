//! The stand-in NetSuite of a run, and what it can be asked: how many calls are in flight, which orders are done.
//! The limits it judges by are its own options, not the engine's.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rampmeter_standin::{Latency, NetSuite, NetSuiteOptions, Report, Span, Window};

use super::configuration::{BEARER, Figures, Speed};
use super::plan::Plan;
use super::progress::Counts;
use super::utilisation::Stretch;
use super::windows::may_count;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A vendor at work on a loopback port.
#[derive(Debug)]
pub(crate) struct Vendor {
    netsuite: NetSuite,
}

impl Vendor {
    /// Starts a vendor with these limits and this speed.
    ///
    /// # Errors
    /// When no port is free, or the figures cannot be served (no such latency distribution, a limit of zero).
    pub(crate) async fn bind(figures: &Figures) -> io::Result<Vendor> {
        let options = NetSuiteOptions {
            max_in_flight: figures.concurrency,
            calls_per_window: may_count(figures, figures.calls_per_minute, MINUTE),
            further_windows: figures
                .calls_per_second
                .map(|calls| Window {
                    calls: may_count(figures, calls, SECOND),
                    per: SECOND,
                })
                .into_iter()
                .collect(),
            latency: match figures.speed {
                Speed::LogNormal { mean, p99 } => Latency::LogNormal { mean, p99 },
                Speed::Jitter { least, most } => Latency::Jitter { least, most },
                Speed::Instant => Latency::Instant,
            },
            longest: figures.longest.or(NetSuiteOptions::default().longest),
            seed: figures.seed,
            bearer: Some(BEARER.to_owned()),
            ..NetSuiteOptions::default()
        };
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Ok(Vendor {
            netsuite: NetSuite::bind(loopback, options).await?,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.netsuite.address()
    }

    /// Other limits from now on: calls in flight, in any minute and in any second.
    pub(crate) fn change_limits(&self, in_flight: u32, minute: u64, second: u64) {
        self.netsuite.change_limits(in_flight, &[minute, second]);
    }

    /// Calls it works on now.
    pub(crate) fn in_flight(&self) -> u32 {
        self.netsuite.report().in_flight
    }

    /// Which orders it has done, by index in the plan.
    pub(crate) fn done(&self, plan: &Plan) -> Vec<bool> {
        let mut done = vec![false; plan.orders.len()];
        for span in self.netsuite.spans().iter().filter(|span| span.accepted) {
            if let Some(place) = order_of(span).and_then(|name| plan.place_of(name)) {
                done[place] = true;
            }
        }
        done
    }

    /// Waits for the calls in flight, then says what it saw: the counts, and the accepted calls.
    pub(crate) async fn conclude(&self) -> (Report, Vec<Stretch>) {
        self.netsuite.drained().await;
        let spans = self.netsuite.spans();
        let accepted = spans.iter().filter(|span| span.accepted);
        let calls = accepted
            .map(|span| Stretch {
                from_us: span.started_at_us,
                to_us: span.ended_at_us,
            })
            .collect();
        (self.netsuite.report(), calls)
    }
}

/// Counts per priority of what the clients and the vendor have done so far.
pub(crate) fn counts(
    plan: &Plan,
    started: impl Iterator<Item = usize>,
    done: &[bool],
    in_flight: u32,
) -> Counts {
    let mut counts = Counts {
        in_flight,
        ..Counts::default()
    };
    for place in started {
        counts.started[plan.orders[place].priority.index()] += 1;
    }
    for (order, _) in plan.orders.iter().zip(done).filter(|(_, done)| **done) {
        counts.done[order.priority.index()] += 1;
    }
    counts
}

/// The order number in a record such as `salesOrder/eid:SO-000001`.
fn order_of(span: &Span) -> Option<&str> {
    span.record.split_once("/eid:").map(|(_, number)| number)
}
