//! The API: a handle that passes commands to the writer and queries to the readers. Each subject has a file and a
//! handle of its own. Cheap to clone. It decides nothing: `apply` does, inside the writer's transaction.

mod activities;
mod calls;
mod control;
mod dead_letters;
mod executions;
mod queues;
mod sdk;
mod state_machines;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use rampmeter_config::Config;
use rampmeter_store::model::control::Actor;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{Reader, inspect_rows};
use tokio::sync::{mpsc, oneshot, watch};

use crate::command::{Command, Reply};
use crate::commit::open::{OpenError, Opened, Opening, open};
use crate::commit::stopped::Stopped;
use rampmeter_succession::ConfigurationChange;

pub use activities::Activities;
pub use calls::Calls;
pub use control::Controls;
pub use dead_letters::DeadLetters;
pub use executions::Executions;
pub use queues::Queues;
pub use sdk::Sdk;
pub use state_machines::StateMachines;

use sdk::Operations;

/// How to open an engine.
#[derive(Debug)]
pub struct Options {
    /// Targets, workflows, account and region. The store lies in `server.data_dir`, which is made if absent.
    pub config: Config,
    /// Where calls to the vendors run.
    pub runtime: tokio::runtime::Handle,
    /// A deliberate fault for the tests of the tests: after a restart, the slots of calls whose outcome is unknown
    /// are freed at once. The vendor must then count violations.
    pub free_slots_after_restart: bool,
    /// For the tests: the wall clock is read as if it had been set back by so much.
    pub set_clock_back: Duration,
    /// The operations that a workflow may call as `aws-sdk`; without it none are served.
    pub sdk: Option<Arc<dyn Sdk>>,
}

/// A running engine.
#[derive(Debug, Clone)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    reader: Arc<Reader>,
    stopped: watch::Receiver<Option<Stopped>>,
    changes: Arc<[ConfigurationChange]>,
    /// On whose behalf this handle asks.
    actor: Option<Arc<Actor>>,
}

impl Engine {
    /// Opens or makes the store in `config.server.data_dir`, recovers it, and starts the writer.
    ///
    /// # Errors
    /// When the directory is in use by another engine, the store cannot be read or is of a newer format, a workflow
    /// has errors, or a state of a workflow cannot run here.
    pub fn open(options: Options) -> Result<Engine, OpenError> {
        let Options {
            config,
            runtime,
            free_slots_after_restart,
            set_clock_back,
            sdk,
        } = options;
        let opening = Opening {
            config,
            runtime: runtime.clone(),
            free_slots_after_restart,
            set_clock_back,
        };
        let opened = open(opening, |opened| sdk.map(|sdk| Operations::of(sdk, opened)))?;
        let engine = Engine::of_parts(opened);
        runtime.spawn(engine.clone().inspected());
        Ok(engine)
    }

    /// Finds and names damaged rows that no query would ever meet. A failed read is left to the query that needs the
    /// row.
    async fn inspected(self) {
        let _ = self.read(inspect_rows).await;
    }

    /// The handle of a running engine.
    fn of_parts(opened: Opened) -> Engine {
        let Opened {
            commands,
            reader,
            stopped,
            changes,
        } = opened;
        Engine {
            commands,
            reader,
            stopped,
            changes,
            actor: None,
        }
    }

    /// A handle whose changes are recorded in this actor's name.
    #[must_use]
    pub fn on_behalf_of(&self, actor: Actor) -> Engine {
        Engine {
            actor: Some(Arc::new(actor)),
            ..self.clone()
        }
    }

    /// What in the configuration differs from the last start, and what follows from it.
    #[must_use]
    pub fn configuration_changes(&self) -> &[ConfigurationChange] {
        &self.changes
    }

    /// Stops: no new call starts, calls in flight are awaited for at most the configured drain time; what has no answer
    /// by then keeps its slots and is taken up after a restart.
    pub async fn shut_down(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::ShutDown(reply)).await.is_ok() {
            let _ = done.await;
        }
        self.stopped().await;
    }

    /// Resolves when the writer has ended.
    pub async fn stopped(&self) -> Stopped {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or(Stopped::ShutDown),
            Err(_) => Stopped::Poisoned("the writer ended without a word".to_owned()),
        }
    }

    /// How many commands wait for the writer.
    #[must_use]
    pub fn commands_waiting(&self) -> u64 {
        let waiting = self.commands.max_capacity() - self.commands.capacity();
        u64::try_from(waiting).unwrap_or(u64::MAX)
    }

    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, Rejected> {
        let (reply, answer) = oneshot::channel();
        let command = match &self.actor {
            Some(actor) => Command::By(Arc::clone(actor), Box::new(command(reply))),
            None => command(reply),
        };
        if self.commands.send(command).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        Err(Rejected::Stopped(match self.stopped().await {
            Stopped::ShutDown => "it was shut down".to_owned(),
            Stopped::Poisoned(why) => why,
        }))
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, Rejected> + Send + 'static,
    ) -> Result<T, Rejected> {
        let reader = Arc::clone(&self.reader);
        let answer = tokio::task::spawn_blocking(move || query(&reader)).await;
        let met = self.reader.take_met();
        if !met.is_empty() {
            // An engine that has ended lists nothing more; the result is valid all the same.
            let _ = self.commands.send(Command::NoteDamaged(met)).await;
        }
        match answer {
            Ok(answer) => answer,
            Err(failed) => Err(Rejected::Stopped(failed.to_string())),
        }
    }
}
