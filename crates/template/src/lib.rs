//! The deployment on AWS, from a configuration: its template, its problems, what to expect of it and what it costs.
//! Pure. The worker that is deployed is the crate `lambda`; the contract between the two is the names in `name` and the
//! variables in `resource/function.rs`.

use rampmeter_dispatch::Priority;

mod address;
pub mod bill;
pub mod check;
pub mod definition;
mod deployment;
mod document;
mod name;
pub mod report;
mod resource;
mod rights;
mod transitions;
mod worker;

pub use deployment::{Deployment, Emit, LAYER};
pub use document::{Notation, Template};
pub use resource::machine::definition_file;

use document::{attribute, reference, sub};
use resource::{alarm, dashboard, function, layer, machine, parameter, queue, source, table};
use worker::Shape;

/// The name of the table of permits of a stack.
#[must_use]
pub fn permits_table(stack: &str) -> String {
    format!("{stack}-permits")
}

/// The name of a target's queue, of a priority or of dead letters.
#[must_use]
pub fn queue_name(deployment: &Deployment<'_>, target: &str, priority: Option<Priority>) -> String {
    match priority {
        Some(priority) => deployment.naming().queue(target, priority),
        None => deployment.naming().dead_queue(target),
    }
}

/// SAM's transform.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// The template of a deployment.
#[must_use]
pub fn template(deployment: &Deployment<'_>) -> Template {
    let description = format!(
        "{}: workflows that call rate-limited APIs, made by rampmeter aws synth.",
        deployment.stack()
    );
    let transform = (deployment.emit == Emit::Sam).then_some(SAM);
    let mut template = Template::new(description, transform);
    let config = deployment.config();
    parameter::add(&mut template, deployment);
    layer::add(&mut template, deployment);
    if deployment.has_table() {
        table::add(&mut template);
    }
    for target in config.targets.values() {
        let timeout = Shape::of(target, config.aws.limiter).timeout;
        queue::add(&mut template, deployment, target, timeout);
    }
    for target in deployment.workers() {
        function::add(&mut template, deployment, target);
    }
    for workflow in config.workflows.values() {
        machine::add(&mut template, deployment, workflow);
        if let Some(queue) = &workflow.source {
            source::add(&mut template, deployment, workflow, queue);
        }
    }
    for target in deployment.workers() {
        alarm::target::add(&mut template, deployment, target);
        alarm::worker::add(&mut template, deployment, target);
    }
    for workflow in config.workflows.values() {
        alarm::workflow::add(&mut template, deployment, workflow);
    }
    if deployment.has_table() {
        alarm::table::add(&mut template);
    }
    dashboard::add(&mut template, deployment);
    outputs(&mut template, deployment);
    template
}

/// The outputs with which a user goes on.
fn outputs(template: &mut Template, deployment: &Deployment<'_>) {
    let config = deployment.config();
    for workflow in config.workflows.values() {
        let id = name::id(&workflow.name, "StateMachine");
        let what = format!("ARN of the state machine {}.", workflow.name);
        template.output(&(id.clone() + "Arn"), &what, reference(&id));
        if let Some(queue) = &workflow.source {
            let id = name::id(&workflow.name, "Source");
            let what = format!(
                "URL of the queue {}, whose messages start {}.",
                deployment.naming().staged(queue),
                workflow.name
            );
            template.output(&(id.clone() + "Url"), &what, reference(&id));
        }
    }
    for target in config.targets.keys() {
        for priority in Priority::ALL {
            let id = name::queue_id(target, priority);
            let what = format!("URL of the queue of {priority} calls of {target}.");
            template.output(&(id.clone() + "Url"), &what, reference(&id));
        }
        let id = name::id(target, "DeadQueue");
        let what = format!("URL of the queue of dead letters of {target}.");
        template.output(&(id.clone() + "Url"), &what, reference(&id));
    }
    for target in deployment.workers() {
        let id = name::id(&target.name, "WorkerFunction");
        let what = format!("ARN of the worker of {}.", target.name);
        template.output(&(id.clone() + "Arn"), &what, attribute(&id, "Arn"));
    }
    if deployment.has_table() {
        template.output(
            "PermitsTableName",
            "Name of the table of permits.",
            reference(table::ID),
        );
    }
    template.output(
        "DashboardUrl",
        "The dashboard.",
        sub(format!(
            "https://${{AWS::Region}}.console.aws.amazon.com/cloudwatch/home?region=${{AWS::Region}}#dashboards:name=${{{}}}",
            dashboard::ID
        )),
    );
}
