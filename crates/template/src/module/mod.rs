//! The plain template as a part of other tools' deployments: a construct of the AWS CDK, a module of Terraform. Both hand the
//! template to CloudFormation as it is, so that nothing is said twice: what they add is where the code is, parameters with
//! types, and names for what comes out. Pure; the files are written by the command line.

use clap::ValueEnum;

use crate::deployment::Deployment;
use crate::document::{Notation, Template};

mod cdk;
mod choice;
mod terraform;

/// Tools that deploy the template as a module of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Module {
    /// A construct of the AWS CDK, in TypeScript.
    Cdk,
    /// A module of Terraform or OpenTofu, in their JSON syntax.
    Terraform,
}

impl Module {
    /// The name of the module's file, beside the template.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Module::Cdk => "rampmeter.ts",
            Module::Terraform => "main.tf.json",
        }
    }

    /// The text of the file. `template` is the deployment's, without SAM, and is written in `notation` beside it. The same
    /// deployment has the same text.
    #[must_use]
    pub fn text(
        self,
        deployment: &Deployment<'_>,
        template: &Template,
        notation: Notation,
    ) -> String {
        match self {
            Module::Cdk => cdk::construct(deployment, template, notation),
            Module::Terraform => terraform::module(deployment, template, notation),
        }
    }
}
