//! The operations of this server that a workflow may call as `aws-sdk`. The engine only knows the trait; the binary
//! supplies what carries them out.

use std::fmt::Debug;
use std::sync::Arc;

use rampmeter_store::Reader;
use tokio::sync::{mpsc, watch};

use crate::api::Engine;
use crate::command::Command;
use crate::commit::open::Opened;
use crate::commit::stopped::Stopped;
use rampmeter_invocation::{SdkAnswer, SdkError, SdkOperations, SdkRequest};

/// The operations of this server, for the engine to call on behalf of a workflow.
pub trait Sdk: Debug + Send + Sync {
    /// Carries out one operation on `engine`.
    fn call(&self, engine: Engine, request: SdkRequest) -> SdkAnswer;
}

/// The operations, and the engine on which they are carried out. Held weakly: a strong handle would keep the writer
/// running.
#[derive(Debug)]
pub(crate) struct Operations {
    sdk: Arc<dyn Sdk>,
    commands: mpsc::WeakSender<Command>,
    reader: Arc<Reader>,
    stopped: watch::Receiver<Option<Stopped>>,
}

impl Operations {
    pub(crate) fn of(sdk: Arc<dyn Sdk>, opened: &Opened) -> Arc<dyn SdkOperations> {
        Arc::new(Operations {
            sdk,
            commands: opened.commands.downgrade(),
            reader: Arc::clone(&opened.reader),
            stopped: opened.stopped.clone(),
        })
    }
}

impl SdkOperations for Operations {
    fn call(&self, request: SdkRequest) -> SdkAnswer {
        let Some(commands) = self.commands.upgrade() else {
            return Box::pin(std::future::ready(Err(SdkError::unavailable())));
        };
        let engine = Engine::of_parts(Opened {
            commands,
            reader: Arc::clone(&self.reader),
            stopped: self.stopped.clone(),
            changes: Arc::default(),
        });
        self.sdk.call(engine, request)
    }
}
