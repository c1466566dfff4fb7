//! The stack that a command is about: its names, from the configuration it was made from, and a client of AWS.

use std::path::PathBuf;

use clap::Args;
use rampmeter_config::{Target, Worker};
use rampmeter_dispatch::Priority;
use rampmeter_template::{Emit, permits_table, queue_name};
use rampmeter_terminal::{Exit, Failure};

use crate::client::on_aws::AwsClient;
use crate::problem::{Choices, Planned};

/// Which stack.
#[derive(Debug, Clone, Args)]
pub(crate) struct StackArguments {
    /// The configuration that the stack was made from.
    #[arg(long, value_name = "FILE", default_value = "rampmeter.toml")]
    config: PathBuf,
    /// Prefix of every name, instead of `stage` in [aws].
    #[arg(long, value_parser = rampmeter_config::stage)]
    stage: Option<String>,
    /// The stack's name, if it was deployed under a name other than the configuration's.
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
}

/// A stack and how it is reached.
pub(super) struct Stack {
    /// AWS.
    pub(super) client: AwsClient,
    /// The table of permits.
    pub(super) table: String,
    planned: Planned,
}

impl StackArguments {
    /// Opens the stack, without asking AWS whether it exists.
    ///
    /// # Errors
    /// The configuration is not one for AWS, or there are no credentials.
    pub(super) fn open(&self) -> Result<Stack, Failure> {
        let choices = Choices {
            stage: self.stage.clone(),
            account_concurrency: None,
        };
        let planned = Planned::read(&self.config, Emit::Sam, &choices);
        let planned = planned.map_err(|report| Failure::Report {
            text: report.render(false),
            exit: Exit::Usage,
        })?;
        let stack = match &self.stack {
            Some(stack) => stack.clone(),
            None => planned.deployment().stack(),
        };
        Ok(Stack {
            client: AwsClient::from_environment(&|name| std::env::var(name).ok())?,
            table: permits_table(&stack),
            planned,
        })
    }
}

impl Stack {
    /// The targets that workers of ours drain.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        let config = self.planned.deployment().plan;
        let targets = config.config.targets.values();
        targets.filter(|target| target.worker == Worker::Embedded)
    }

    /// One of them by its name.
    ///
    /// # Errors
    /// There is none with that name.
    pub(super) fn target(&self, name: &str) -> Result<&Target, Failure> {
        self.targets()
            .find(|target| target.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = self.targets().map(|target| target.name.as_str()).collect();
                let what = format!("there is no target named {name:?} with a worker on AWS");
                Failure::new("RM3042", Exit::Usage, what)
                    .with_help(format!("the configuration has {}", names.join(", ")))
            })
    }

    /// The name of a target's queue.
    pub(super) fn queue(&self, target: &Target, priority: Option<Priority>) -> String {
        queue_name(&self.planned.deployment(), &target.name, priority)
    }
}
