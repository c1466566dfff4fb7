//! What an operation is: its name, the right that it needs, its handler; and one request for it. `table` lists all
//! operations, and `server` finds the one that a request asks for.

mod aside;
mod caller;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use rampmeter_engine::{Actor, Engine};
use serde_json::Value;

use crate::protocol::error::WireError;
use crate::protocol::service::Service;

pub(crate) use aside::aside;
pub(crate) use caller::Caller;

/// What the wire API serves.
#[derive(Debug)]
pub struct Site {
    /// The engine behind it.
    pub engine: Engine,
    /// The address it listens on.
    pub address: SocketAddr,
    /// The scheme by which it is reached there: `http` or `https`.
    pub scheme: &'static str,
    /// The twelve digits of the account.
    pub account: String,
    /// The region that ARNs carry.
    pub region: String,
}

impl Site {
    /// The same, acting on somebody's behalf.
    pub(crate) fn on_behalf_of(&self, actor: Actor) -> Site {
        Site {
            engine: self.engine.on_behalf_of(actor),
            address: self.address,
            scheme: self.scheme,
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }
}

/// What a credential must be allowed to do to call an operation. Enforced when `[server] credentials` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Ask for one's own identity: every credential may.
    Identify,
    /// Look at state machines, executions and queues.
    Read,
    /// Start executions and send messages.
    Send,
    /// Receive messages and delete them.
    Receive,
    /// Report the results of tasks, for whoever has the task token.
    Report,
    /// Intervene in running work.
    Operate,
}

/// One request for one operation.
#[derive(Debug)]
pub(crate) struct Call {
    /// What the server serves.
    pub(crate) site: Arc<Site>,
    /// The parameters as JSON, not yet parsed. A request of the Query protocol has been converted to JSON.
    pub(crate) body: Vec<u8>,
    /// Where the client reaches this server: scheme, host and port.
    pub(crate) origin: String,
    /// Who asks.
    pub(crate) caller: Caller,
    /// The trace to which the request belongs.
    pub(crate) trace_header: Option<String>,
}

type OperationFuture = Pin<Box<dyn Future<Output = Result<Value, WireError>> + Send>>;

/// One operation that is served.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its service.
    pub(crate) service: Service,
    /// AWS's name of it.
    pub(crate) name: &'static str,
    /// What its caller must be allowed to do.
    pub(crate) right: Right,
    /// Answers one call.
    pub(crate) handler: fn(Call) -> OperationFuture,
}
