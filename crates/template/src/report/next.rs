//! What to do next: the exact commands from a template to a running stack. They are printed, never run.

use rampmeter_config::aws::Plan;

use crate::address::is_this_machine;
use crate::deployment::{Deployment, Emit, LAYER, WORKER_CODE};
use crate::{Module, Notation, Template};

/// A template larger than this, in bytes, goes through a bucket.
const MAX_INLINE_BYTES: usize = 51_200;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub what: String,
    /// The commands.
    pub commands: Vec<String>,
}

/// The steps for a deployment whose files are in `folder`, and are a module of another tool or not.
pub fn steps(
    deployment: &Deployment<'_>,
    template: &Template,
    notation: Notation,
    module: Option<Module>,
    folder: &str,
) -> Vec<Instruction> {
    let file = notation.file();
    let stack = deployment.stack();
    let tags = tags(deployment);
    let mut steps = vec![step(
        "look first at how many concurrent executions the account has (aws lambda get-account-settings), and whether they suffice \
         (rampmeter aws check --account-concurrency N)",
        Vec::new(),
    )];
    let secrets = secrets(deployment.plan);
    if !secrets.is_empty() {
        steps.push(step("store the secrets", secrets));
    }
    steps.push(step(
        "put the worker beside the template, from the release or built as docs/aws-worker.md says",
        vec![format!(
            "cp rampmeter-worker-arm64.zip {folder}/{WORKER_CODE}"
        )],
    ));
    steps.push(match (module, deployment.emit) {
        (Some(module), _) => within(module, folder),
        (None, Emit::Sam) => step(
            "deploy",
            vec![format!(
                "(cd {folder} && sam deploy --template-file {file} --stack-name {stack} --resolve-s3 --capabilities CAPABILITY_IAM{tags})"
            )],
        ),
        (None, Emit::Cfn) => step(
            "deploy, with a bucket of yours in BUCKET",
            by_cloudformation(deployment, template, notation, folder),
        ),
    });
    steps.push(step(
        "see what there is",
        vec![format!(
            "aws cloudformation describe-stacks --stack-name {stack} --query 'Stacks[0].Outputs' --output table"
        )],
    ));
    steps
}

/// How to deploy a module.
fn within(module: Module, folder: &str) -> Instruction {
    match module {
        Module::Cdk => step(
            "use the construct in a stack of yours (import { Rampmeter } from './rampmeter'; new Rampmeter(this, 'Rampmeter')), and deploy",
            vec!["npx cdk deploy".to_owned()],
        ),
        Module::Terraform => step(
            "deploy, with a bucket of yours in BUCKET; or use the folder as a module",
            vec![
                format!("terraform -chdir={folder} init"),
                format!("terraform -chdir={folder} apply -var code_bucket=$BUCKET"),
            ],
        ),
    }
}

/// The commands that put the archives into a bucket and make the stack.
fn by_cloudformation(
    deployment: &Deployment<'_>,
    template: &Template,
    notation: Notation,
    folder: &str,
) -> Vec<String> {
    let (file, stack, tags) = (notation.file(), deployment.stack(), tags(deployment));
    let configuration = deployment.configuration();
    let inline = template.text(notation).len() <= MAX_INLINE_BYTES;
    let through = if inline { "" } else { " --s3-bucket $BUCKET" };
    vec![
        format!("(cd {folder}/{LAYER} && zip -qX ../layer.zip {configuration})"),
        format!("LAYER=layer-$(sha256sum {folder}/{LAYER}/{configuration} | cut -c1-16).zip"),
        format!("WORKER=worker-$(sha256sum {folder}/{WORKER_CODE} | cut -c1-16).zip"),
        format!(
            "aws s3 cp {folder}/layer.zip s3://$BUCKET/$LAYER && aws s3 cp {folder}/{WORKER_CODE} s3://$BUCKET/$WORKER"
        ),
        format!(
            "aws cloudformation deploy --template-file {folder}/{file} --stack-name {stack}{through} --capabilities CAPABILITY_IAM \
             --parameter-overrides CodeBucket=$BUCKET WorkerKey=$WORKER LayerKey=$LAYER{tags}"
        ),
    ]
}

/// The option that tags everything in the stack; empty without tags.
fn tags(deployment: &Deployment<'_>) -> String {
    let tags = deployment.config().aws.tags.iter();
    let pairs: String = tags.map(|(key, value)| format!(" {key}={value}")).collect();
    match pairs.as_str() {
        "" => String::new(),
        pairs => format!(" --tags{pairs}"),
    }
}

fn step(what: &str, commands: Vec<String>) -> Instruction {
    Instruction {
        what: what.to_owned(),
        commands,
    }
}

fn secrets(plan: &Plan) -> Vec<String> {
    let mut names: Vec<&String> = plan.secrets.values().flatten().collect();
    names.sort();
    names.dedup();
    let command = |name: &String| match name.starts_with('/') {
        true => {
            format!("aws ssm put-parameter --type SecureString --name {name} --value file://FILE")
        }
        false => {
            format!("aws secretsmanager create-secret --name {name} --secret-string file://FILE")
        }
    };
    names.into_iter().map(command).collect()
}

/// A warning if the commands would go to this machine instead of AWS.
pub fn endpoint_warning(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let services = ["", "_CLOUDFORMATION", "_S3", "_SFN", "_SQS", "_LAMBDA"];
    services.iter().find_map(|service| {
        let name = format!("AWS_ENDPOINT_URL{service}");
        let value = environment(&name)?;
        let url = url::Url::parse(&value).ok()?;
        is_this_machine(url.host_str()?).then(|| {
            format!("{name} is {value}: these commands would go to this machine, not to AWS. First: unset {name}")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_on_this_machine_is_warned_of() {
        let with = |name: &'static str, value: &'static str| {
            endpoint_warning(&move |asked| (asked == name).then(|| value.to_owned()))
        };
        let warning = with("AWS_ENDPOINT_URL_SFN", "http://127.0.0.1:4566").expect("a warning");
        assert!(warning.ends_with("unset AWS_ENDPOINT_URL_SFN"), "{warning}");
        assert!(with("AWS_ENDPOINT_URL", "http://localhost:4566").is_some());
        assert!(with("AWS_ENDPOINT_URL", "http://[::1]:4566").is_some());
        assert_eq!(
            with("AWS_ENDPOINT_URL", "https://sqs.eu-west-1.amazonaws.com"),
            None
        );
        assert_eq!(with("OTHER", "http://127.0.0.1"), None);
    }
}
