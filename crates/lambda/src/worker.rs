//! What every role works with: the target's configuration with its secrets, its caller, the queues, the tasks. It is
//! made once in an environment, and again when a secret has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use rampmeter_caller::{Caller, CallerError};
use rampmeter_config::{Report, Target, aws};
use rampmeter_dispatch::TooLarge;
use thiserror::Error;

use crate::metrics::Metrics;
use crate::selection;
use crate::service::mappings::Mappings;
use crate::service::queues::Queues;
use crate::service::secrets::{SecretError, Secrets};
use crate::service::signed::Signed;
use crate::service::table::Table;
use crate::service::tasks::Tasks;
use crate::settings::Settings;
use crate::shared::digest;
use crate::xray::tracer::Tracer;

/// A worker cannot be made.
#[derive(Debug, Error)]
pub(crate) enum WorkerError {
    #[error("the configuration {path} cannot be read: {error}")]
    Unreadable { path: String, error: std::io::Error },
    #[error("the configuration is wrong: {0}")]
    Config(String),
    #[error("the configuration has no target {0}")]
    NoTarget(String),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(
        "the target {0} has a limit that counts jobs, or follows them without a table: let its limits count requests, and leave `limiter` out of [aws]"
    )]
    Jobs(String),
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// One target and all that its worker needs.
pub(crate) struct Worker {
    pub(crate) target: Target,
    /// The digest of the configuration it was made from.
    pub(crate) digest: u64,
    pub(crate) caller: Caller,
    pub(crate) queues: Queues,
    pub(crate) tasks: Tasks,
    /// Only a drainer has one.
    pub(crate) table: Option<Table>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tracer: Arc<Tracer>,
}

/// Makes workers.
pub(crate) struct Workshop {
    settings: Settings,
    sdk: SdkConfig,
    signed: Signed,
    metrics: Arc<Metrics>,
    tracer: Arc<Tracer>,
    current: Option<(Arc<Worker>, Secrets)>,
}

impl Workshop {
    pub(crate) fn new(settings: Settings, sdk: SdkConfig) -> Result<Workshop, WorkerError> {
        Ok(Workshop {
            signed: Signed::new(&sdk)?,
            metrics: Arc::new(Metrics::new(&settings)),
            tracer: Arc::new(Tracer::new(&settings)),
            settings,
            sdk,
            current: None,
        })
    }

    pub(crate) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn queues(&self) -> Queues {
        Queues::new(&self.sdk, &self.settings.queues)
    }

    pub(crate) fn tasks(&self) -> Tasks {
        Tasks::new(&self.sdk)
    }

    /// The worker's own mappings: they need no secret and no configuration.
    pub(crate) fn mappings(&self) -> Mappings {
        Mappings::new(
            self.signed.clone(),
            &self.settings.function,
            self.settings.scheduler_role.clone(),
        )
    }

    /// The worker of this environment; a new one if its secrets are stale and have changed. If they cannot be read,
    /// that is left for later: the old secrets may still be good.
    pub(crate) async fn worker(&mut self) -> Result<Arc<Worker>, WorkerError> {
        match &self.current {
            Some((worker, secrets)) if !secrets.are_stale() => return Ok(Arc::clone(worker)),
            Some((worker, secrets)) => {
                let worker = Arc::clone(worker);
                let before = secrets.values.clone();
                match self.read().await {
                    Ok((_, secrets)) if secrets.values == before => {
                        self.current = Some((Arc::clone(&worker), secrets));
                        return Ok(worker);
                    }
                    Ok((text, secrets)) => return self.make(&text, secrets),
                    Err(error) => {
                        tracing::warn!(%error, "the secrets are not read anew");
                        return Ok(worker);
                    }
                }
            }
            None => {}
        }
        let (text, secrets) = self.read().await?;
        self.make(&text, secrets)
    }

    async fn read(&self) -> Result<(String, Secrets), WorkerError> {
        let path = &self.settings.config;
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| WorkerError::Unreadable {
            path: path.display().to_string(),
            error,
        })?;
        let names = aws::secret_names(&text, path, &self.settings.target)
            .map_err(|report| wrong(&report))?;
        let secrets = Secrets::read(&self.signed, &names).await?;
        Ok((text, secrets))
    }

    fn make(&mut self, text: &str, secrets: Secrets) -> Result<Arc<Worker>, WorkerError> {
        let target = read_target(text, &self.settings, &secrets.values)?;
        if asks_too_much(&target, self.settings.table.is_some()) {
            return Err(WorkerError::Jobs(target.name));
        }
        selection::of_target(&target)
            .map_err(|reason| WorkerError::Config(format!("target {}: {reason}", target.name)))?;
        target.rules.clone().shared().shared_ceiling()?;
        let table = self.settings.table.as_deref();
        let worker = Worker {
            caller: Caller::new(target.profile.clone())?,
            queues: self.queues(),
            tasks: self.tasks(),
            table: table.map(|name| Table::new(&self.sdk, name, &self.settings.target)),
            metrics: Arc::clone(&self.metrics),
            tracer: Arc::clone(&self.tracer),
            digest: digest(text),
            target,
        };
        let worker = Arc::new(worker);
        self.current = Some((Arc::clone(&worker), secrets));
        Ok(worker)
    }
}

fn read_target(
    text: &str,
    settings: &Settings,
    secrets: &BTreeMap<String, String>,
) -> Result<Target, WorkerError> {
    let config = aws::target(text, &settings.config, &settings.target, secrets)
        .map_err(|report| wrong(&report))?;
    let mut targets = config.targets;
    let target = targets.remove(&settings.target);
    target.ok_or_else(|| WorkerError::NoTarget(settings.target.clone()))
}

/// Whether the configuration asks for what this host cannot do: a slot that is kept for as long as a job lasts, or jobs
/// without a table to remember them.
fn asks_too_much(target: &Target, has_table: bool) -> bool {
    target.counts_jobs() || (!has_table && target.follows_jobs())
}

fn wrong(report: &Report) -> WorkerError {
    WorkerError::Config(report.to_string())
}
