//! The operations of this server for the workflows it runs: a state's `aws-sdk` call is handled like a client's
//! request, without the HTTP around it.

use std::net::SocketAddr;
use std::sync::Arc;

use rampmeter_engine::{Engine, Sdk, SdkAnswer, SdkError, SdkRequest, SdkService};

use crate::operation::Call;
use crate::operation::Caller;
use crate::operation::Site;
use crate::protocol::error::WireError;
use crate::protocol::service::Service;
use crate::table::find;

/// The wire API as workflows call it.
#[derive(Debug)]
pub struct WireSdk {
    /// The address it listens on: queue URLs begin with it.
    pub address: SocketAddr,
    /// The scheme by which it is reached there: `http` or `https`.
    pub scheme: &'static str,
    /// The twelve digits of the account.
    pub account: String,
    /// The region that ARNs carry.
    pub region: String,
}

impl Sdk for WireSdk {
    fn call(&self, engine: Engine, request: SdkRequest) -> SdkAnswer {
        let site = Arc::new(Site {
            engine,
            address: self.address,
            scheme: self.scheme,
            account: self.account.clone(),
            region: self.region.clone(),
        });
        let origin = format!("{}://{}", self.scheme, self.address);
        let service = match request.service {
            SdkService::States => Service::States,
            SdkService::Sqs => Service::Sqs,
        };
        Box::pin(async move {
            let operation = find(service, &request.operation).map_err(refusal)?;
            let call = Call {
                site,
                body: request.parameters.to_string().into_bytes(),
                origin,
                caller: Caller::anybody(),
                trace_header: None,
            };
            (operation.handler)(call).await.map_err(refusal)
        })
    }
}

fn refusal(error: WireError) -> SdkError {
    SdkError {
        name: error.name.to_owned(),
        message: error.message,
        status: error.status.as_u16(),
    }
}
