//! The construct for the AWS CDK, in TypeScript: it includes the template as it is, uploads the archives as assets, and
//! hands out queues, state machines and functions by the names of the configuration.

use std::fmt::Write as _;

use rampmeter_dispatch::Priority;
use serde_json::Value;

use super::choice::{Choice, Kind, choices};
use crate::deployment::{Deployment, LAYER, WORKER_CODE};
use crate::document::{Notation, Template};
use crate::name::{self, id};

/// What needs nothing of the configuration, up to the interface.
const HEAD: &str = r"// Made by rampmeter aws synth --emit cdk. Change the configuration and make it again.
import * as path from 'path';
import { IFunction, Function } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { IStateMachine, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';

";

/// The construct itself. `FOLDER`, `TEMPLATE`, `LAYER` and `WORKER` are constants of the file.
const CONSTRUCT: &str = r"/** The workflows, queues and workers of one configuration. One of them fits into a stack. */
export class Rampmeter extends Construct {
  /** The template, for what has no method here: `template.getResource(ID)`. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RampmeterProps = {}) {
    super(scope, id);
    const { folder = FOLDER, worker = path.join(folder, WORKER), ...chosen } = props;
    const code = new Asset(this, 'Code', { path: worker });
    const layer = new Asset(this, 'Layer', { path: path.join(folder, LAYER) });
    const parameters: { [name: string]: unknown } = {
      CodeBucket: code.s3BucketName,
      WorkerKey: code.s3ObjectKey,
      LayerKey: layer.s3ObjectKey,
    };
    for (const [name, value] of Object.entries({ ...DEFAULTS, ...chosen })) {
      parameters[name[0].toUpperCase() + name.slice(1)] = value;
    }
    this.template = new CfnInclude(this, 'Template', { templateFile: path.join(folder, TEMPLATE), parameters });
  }

  /** The queue of a target's calls of one priority, or of its dead letters. */
  queue(target: Target, lane: Lane): IQueue {
    return this.queueOf(QUEUES[target][lane]);
  }

  /** The queue whose messages start a workflow. */
  source(workflow: keyof typeof SOURCES): IQueue {
    return this.queueOf(SOURCES[workflow]);
  }

  /** The state machine of a workflow. */
  stateMachine(workflow: Workflow): IStateMachine {
    const id = STATE_MACHINES[workflow];
    return this.once(id, (key) => StateMachine.fromStateMachineArn(this, key, this.attribute(id, 'Arn')));
  }

  /** The function that makes a target's calls. */
  worker(target: keyof typeof WORKERS): IFunction {
    const id = WORKERS[target];
    return this.once(id, (key) => Function.fromFunctionArn(this, key, this.attribute(id, 'Arn')));
  }

  private queueOf(id: string): IQueue {
    return this.once(id, (key) => Queue.fromQueueArn(this, key, this.attribute(id, 'Arn')));
  }

  private attribute(id: string, name: string): string {
    return this.template.getResource(id).getAtt(name).toString();
  }

  private once<T>(id: string, make: (key: string) => T): T {
    const key = `Imported${id}`;
    return (this.node.tryFindChild(key) as T | undefined) ?? make(key);
  }
}
";

pub(super) fn construct(
    deployment: &Deployment<'_>,
    template: &Template,
    notation: Notation,
) -> String {
    let choices = choices(template);
    let mut text = String::from(HEAD);
    constants(&mut text, notation);
    names(&mut text, deployment);
    properties(&mut text, &choices);
    defaults(&mut text, &choices);
    text + CONSTRUCT
}

fn constants(text: &mut String, notation: Notation) {
    let constants = [
        ("FOLDER", "__dirname".to_owned()),
        ("TEMPLATE", literal(notation.file())),
        ("LAYER", literal(LAYER)),
        ("WORKER", literal(WORKER_CODE)),
    ];
    for (name, value) in constants {
        line(text, format_args!("const {name} = {value};"));
    }
}

/// What the configuration calls things, and their ids in the template.
fn names(text: &mut String, deployment: &Deployment<'_>) {
    let config = deployment.config();
    let queues = config.targets.keys().map(|target| {
        let lanes = Priority::ALL.map(|priority| {
            let id = literal(&name::queue_id(target, priority));
            format!("{}: {id}", priority.as_str())
        });
        let dead = literal(&id(target, "DeadQueue"));
        (
            target.as_str(),
            format!("{{ {}, DEAD: {dead} }}", lanes.join(", ")),
        )
    });
    table(text, "QUEUES", queues);
    let fed = config
        .workflows
        .values()
        .filter(|workflow| workflow.source.is_some());
    let sources = fed.map(|workflow| {
        (
            workflow.name.as_str(),
            literal(&id(&workflow.name, "Source")),
        )
    });
    table(text, "SOURCES", sources);
    let machines = config.workflows.values();
    let machines = machines.map(|workflow| {
        (
            workflow.name.as_str(),
            literal(&id(&workflow.name, "StateMachine")),
        )
    });
    table(text, "STATE_MACHINES", machines);
    let workers = deployment.workers();
    let workers = workers.map(|target| {
        (
            target.name.as_str(),
            literal(&id(&target.name, "WorkerFunction")),
        )
    });
    table(text, "WORKERS", workers);
    line(
        text,
        format_args!("\nexport type Target = keyof typeof QUEUES;"),
    );
    line(
        text,
        format_args!("export type Workflow = keyof typeof STATE_MACHINES;"),
    );
    line(
        text,
        format_args!("export type Lane = 'HIGH' | 'MEDIUM' | 'BATCH' | 'DEAD';"),
    );
}

fn table<'a>(text: &mut String, name: &str, rows: impl Iterator<Item = (&'a str, String)>) {
    line(text, format_args!("const {name} = {{"));
    for (key, value) in rows {
        line(text, format_args!("  {}: {value},", literal(key)));
    }
    line(text, format_args!("}} as const;"));
}

fn properties(text: &mut String, choices: &[Choice<'_>]) {
    line(text, format_args!("\nexport interface RampmeterProps {{"));
    line(
        text,
        format_args!("  /** Folder of the template and the layer. Default: that of this file. */"),
    );
    line(text, format_args!("  readonly folder?: string;"));
    line(
        text,
        format_args!("  /** The worker's archive. Default: {WORKER_CODE} in the folder. */"),
    );
    line(text, format_args!("  readonly worker?: string;"));
    for choice in choices {
        let default = match default_of(choice) {
            default if default == "''" || default == "[]" => "none".to_owned(),
            default => default,
        };
        let description = choice.description.replace("*/", "* /");
        line(
            text,
            format_args!("  /** {description} Default: {default}. */"),
        );
        line(
            text,
            format_args!(
                "  readonly {}?: {};",
                property(choice.name),
                type_of(choice)
            ),
        );
    }
    line(text, format_args!("}}\n"));
}

fn defaults(text: &mut String, choices: &[Choice<'_>]) {
    line(text, format_args!("const DEFAULTS: RampmeterProps = {{"));
    for choice in choices {
        line(
            text,
            format_args!("  {}: {},", property(choice.name), default_of(choice)),
        );
    }
    line(text, format_args!("}};\n"));
}

fn type_of(choice: &Choice<'_>) -> String {
    if !choice.allowed.is_empty() {
        let allowed: Vec<String> = choice.allowed.iter().map(value).collect();
        return allowed.join(" | ");
    }
    match choice.kind {
        Kind::Text => "string",
        Kind::Number => "number",
        Kind::List => "string[]",
    }
    .to_owned()
}

fn default_of(choice: &Choice<'_>) -> String {
    match (choice.kind, choice.default.as_str()) {
        (Kind::List, Some("")) => "[]".to_owned(),
        (Kind::List, Some(text)) => {
            let parts: Vec<String> = text.split(',').map(literal).collect();
            format!("[{}]", parts.join(", "))
        }
        _ => value(choice.default),
    }
}

/// `LogLevel` as `logLevel`.
fn property(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => literal(text),
        other => other.to_string(),
    }
}

/// A text in TypeScript.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a text can be written to");
}
