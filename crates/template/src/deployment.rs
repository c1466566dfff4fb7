//! What is deployed: a configuration, read for AWS, and the form that the template takes.

use rampmeter_config::aws::Plan;
use rampmeter_config::{Config, Limiter, Target, Worker};

use crate::name::Naming;

/// The name of the configuration within the layer, by its notation.
const TOML: &str = "rampmeter.toml";
const JSON: &str = "rampmeter.json";

/// The folder that becomes the layer; it holds the configuration and nothing else.
pub const LAYER: &str = "layer";
/// The folder of the definitions, for SAM.
pub(crate) const DEFINITIONS: &str = "statemachines";
/// The worker's code, which is the same for everybody.
pub(crate) const WORKER_CODE: &str = "worker.zip";

/// Forms of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Emit {
    /// For the AWS Serverless Application Model: names files of this machine.
    Sam,
    /// Plain CloudFormation, without a transform: definitions within, code in a bucket.
    Cfn,
}

/// What is deployed.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// The configuration, read for AWS.
    pub plan: &'a Plan,
    /// The form of the template.
    pub emit: Emit,
    /// Whether the configuration's file is JSON.
    pub is_json: bool,
}

impl<'a> Deployment<'a> {
    /// The configuration itself.
    #[must_use]
    pub fn config(&self) -> &'a Config {
        &self.plan.config
    }

    /// The configuration's name in the layer. Its extension says in which notation it is.
    pub fn configuration(&self) -> &'static str {
        if self.is_json { JSON } else { TOML }
    }

    /// The name of the stack, in the commands that are printed and where nobody names another.
    #[must_use]
    pub fn stack(&self) -> String {
        let stack = self.config().aws.stack.as_deref().unwrap_or("rampmeter");
        self.naming().staged(stack)
    }

    /// What things are called.
    pub(crate) fn naming(&self) -> Naming<'a> {
        Naming::of(self.plan.config.aws.stage.as_deref())
    }

    /// Whether permits are leases in the table.
    pub(crate) fn has_table(&self) -> bool {
        self.config().aws.limiter == Limiter::Lease && self.workers().next().is_some()
    }

    /// The targets whose queues are drained by a worker of ours.
    pub(crate) fn workers(&self) -> impl Iterator<Item = &'a Target> + use<'a> {
        let targets = self.plan.config.targets.values();
        targets.filter(|target| target.worker == Worker::Embedded)
    }
}
