//! The module for Terraform and OpenTofu, in their JSON syntax: it puts the archives and the template into a bucket and has
//! CloudFormation make the stack. Updates, roll-backs and what outlives the stack are therefore as docs/aws.md says.

use serde_json::{Map, Value, json};

use super::choice::{Choice, Kind, choices};
use crate::deployment::{Deployment, LAYER, WORKER_CODE};
use crate::document::{Notation, Template};
use crate::resource::parameter::{CODE_BUCKET, LAYER_KEY, WORKER_KEY};

/// The stack, as the module's other parts name it.
const STACK: &str = "aws_cloudformation_stack.rampmeter";

pub(super) fn module(
    deployment: &Deployment<'_>,
    template: &Template,
    notation: Notation,
) -> String {
    let choices = choices(template);
    let module = json!({
        "//": "Made by rampmeter aws synth --emit terraform. Change the configuration and make it again.",
        "terraform": {
            "required_version": ">= 1.3",
            "required_providers": {
                "aws": { "source": "hashicorp/aws", "version": ">= 5.0" },
                "archive": { "source": "hashicorp/archive", "version": ">= 2.4" },
            },
        },
        "variable": variables(deployment, &choices),
        "locals": {
            "worker_archive": format!("${{coalesce(var.worker_archive, format(\"%s/{WORKER_CODE}\", path.module))}}"),
            "template": format!("${{path.module}}/{}", notation.file()),
        },
        "data": {
            "aws_s3_bucket": { "code": { "bucket": "${var.code_bucket}" } },
            "archive_file": {
                "layer": {
                    "type": "zip",
                    "source_dir": format!("${{path.module}}/{LAYER}"),
                    "output_path": "${path.module}/layer.zip",
                },
            },
        },
        "resource": {
            "aws_s3_object": objects(),
            "aws_cloudformation_stack": { "rampmeter": stack(deployment, &choices) },
        },
        "output": outputs(template),
    });
    serde_json::to_string_pretty(&module).expect("a value is JSON") + "\n"
}

fn variables(deployment: &Deployment<'_>, choices: &[Choice<'_>]) -> Value {
    let mut all = Map::from_iter([
        (
            "code_bucket".to_owned(),
            json!({
                "type": "string",
                "description": "Bucket in the stack's region that takes the archives and the template.",
            }),
        ),
        (
            "worker_archive".to_owned(),
            json!({
                "type": "string",
                "description": format!("File of the worker's archive; {WORKER_CODE} beside this module if it is not given."),
                "default": null,
            }),
        ),
        (
            "stack_name".to_owned(),
            json!({
                "type": "string",
                "description": "Name of the stack.",
                "default": literal(&deployment.stack()),
            }),
        ),
    ]);
    all.extend(choices.iter().map(|choice| {
        let mut variable = json!({
            "type": type_of(choice.kind),
            "description": literal(choice.description),
            "default": default_of(choice),
        });
        if let Some(condition) = condition(choice) {
            variable["validation"] = json!([{
                "condition": format!("${{{condition}}}"),
                "error_message": literal(&bounds(choice)),
            }]);
        }
        (snake_case(choice.name), variable)
    }));
    Value::Object(all)
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Number => "number",
        Kind::List => "list(string)",
    }
}

fn default_of(choice: &Choice<'_>) -> Value {
    match (choice.kind, choice.default.as_str()) {
        (Kind::List, Some("")) => json!([]),
        (Kind::List, Some(text)) => text.split(',').map(literal).collect(),
        (_, Some(text)) => literal(text).into(),
        (_, None) => choice.default.clone(),
    }
}

/// What must be true of a variable; nothing if any value of its type will do.
fn condition(choice: &Choice<'_>) -> Option<String> {
    let variable = format!("var.{}", snake_case(choice.name));
    if !choice.allowed.is_empty() {
        let allowed = Value::from(choice.allowed);
        return Some(format!("contains({allowed}, {variable})"));
    }
    let at_least = choice.range.0.map(|least| format!("{variable} >= {least}"));
    let at_most = choice.range.1.map(|most| format!("{variable} <= {most}"));
    let all: Vec<String> = at_least.into_iter().chain(at_most).collect();
    (!all.is_empty()).then(|| all.join(" && "))
}

/// The same for people: `log_level is one of error, warn.`
fn bounds(choice: &Choice<'_>) -> String {
    let name = snake_case(choice.name);
    let plain = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match choice.range {
        (Some(least), Some(most)) => format!("{name} is from {least} to {most}."),
        (Some(least), None) => format!("{name} is at least {least}."),
        (None, Some(most)) => format!("{name} is at most {most}."),
        (None, None) => {
            let allowed: Vec<String> = choice.allowed.iter().map(plain).collect();
            format!("{name} is one of {}.", allowed.join(", "))
        }
    }
}

/// What lies in the bucket, under names that change with the content: a new one is there before the stack changes, and the
/// old one until after that, for a roll-back needs it.
fn objects() -> Value {
    let object = |key: &str, source: &str| {
        json!({
            "bucket": "${var.code_bucket}",
            "key": format!("${{var.stack_name}}/{key}"),
            "source": source,
            "lifecycle": { "create_before_destroy": true },
        })
    };
    json!({
        "worker": object("worker-${filesha256(local.worker_archive)}.zip", "${local.worker_archive}"),
        "layer": object(
            "layer-${data.archive_file.layer.output_sha256}.zip",
            "${data.archive_file.layer.output_path}",
        ),
        "template": object("template-${filesha256(local.template)}", "${local.template}"),
    })
}

fn stack(deployment: &Deployment<'_>, choices: &[Choice<'_>]) -> Value {
    let mut parameters = Map::from_iter([
        (CODE_BUCKET.to_owned(), json!("${var.code_bucket}")),
        (WORKER_KEY.to_owned(), json!("${aws_s3_object.worker.key}")),
        (LAYER_KEY.to_owned(), json!("${aws_s3_object.layer.key}")),
    ]);
    parameters.extend(choices.iter().map(|choice| {
        let variable = format!("var.{}", snake_case(choice.name));
        let value = match choice.kind {
            Kind::Text => format!("${{{variable}}}"),
            Kind::Number => format!("${{tostring({variable})}}"),
            Kind::List => format!("${{join(\",\", {variable})}}"),
        };
        (choice.name.to_owned(), Value::from(value))
    }));
    let mut stack = json!({
        "name": "${var.stack_name}",
        "template_url": "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.template.key}",
        "capabilities": ["CAPABILITY_IAM"],
        "parameters": parameters,
    });
    let tags = &deployment.config().aws.tags;
    if !tags.is_empty() {
        let pairs = tags.iter();
        stack["tags"] = pairs
            .map(|(key, value)| (key.clone(), Value::from(literal(value))))
            .collect();
    }
    stack
}

fn outputs(template: &Template) -> Value {
    let output = |(name, value): (&str, &Value)| {
        let description = value["Description"].as_str().unwrap_or_default();
        let output = json!({
            "description": literal(description),
            "value": format!("${{{STACK}.outputs[\"{name}\"]}}"),
        });
        (snake_case(name), output)
    };
    template.outputs().map(output).collect()
}

/// A text in which nothing is taken for an expression.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// `LogLevel` as `log_level`. Two names that differ do so afterwards too.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_small_letters_and_underscores() {
        assert_eq!(snake_case("VpcSubnetIds"), "vpc_subnet_ids");
        assert_eq!(
            snake_case("NetsuiteHighQueueUrl"),
            "netsuite_high_queue_url"
        );
    }

    #[test]
    fn a_text_is_never_an_expression() {
        assert_eq!(literal("${AWS::Region} %{if}"), "$${AWS::Region} %%{if}");
    }
}
