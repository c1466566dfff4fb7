//! The bootstrap of a Lambda function: the worker of the host on AWS. Its environment says which role it has
//! (`settings`); what invokes it is in `event`. A drainer (`drain`) makes many calls at once under limits that all
//! drainers of a target share; a slot (`slot`) makes one; `undelivered` gives up messages that nobody could deliver.

#[cfg(test)]
mod adapters;
mod call;
mod clock;
mod conclusion;
mod daemon;
mod drain;
mod ending;
mod event;
mod function;
mod hiding;
mod job;
mod keeper;
mod metrics;
mod random;
mod selection;
mod service;
mod settings;
mod shared;
mod slot;
mod trace;
mod undelivered;
mod worker;
mod xray;

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::function::Function;
use crate::settings::Settings;
use crate::worker::Workshop;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Must come first: rustls panics without a crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    log();
    let settings = Settings::read(|name| std::env::var(name).ok()).inspect_err(|error| {
        tracing::error!(%error, "the function cannot start");
    })?;
    let sdk = service::clients::load().await;
    let function = Arc::new(Function::new(Workshop::new(settings, sdk)?));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let function = Arc::clone(&function);
        async move {
            let invoked = function.invoked(event.payload, &event.context).await;
            invoked.inspect_err(|error| tracing::error!(%error, "the invocation failed"))
        }
    }))
    .await
}

/// A line of JSON for each event, as CloudWatch reads it.
fn log() {
    let filter =
        EnvFilter::try_from_env("RAMPMETER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .init();
}
