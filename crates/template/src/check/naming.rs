//! Checks names: that AWS accepts their lengths, and that no two resources have the same one.

use std::collections::BTreeMap;

use rampmeter_config::pascal_case;
use rampmeter_dispatch::Priority;

use super::code::{NAME_TAKEN, NAME_TOO_LONG};
use super::{Finding, Subject};
use crate::deployment::Deployment;
use crate::name::{MAX_FUNCTION_NAME_CHARS, MAX_QUEUE_NAME_CHARS};

pub(super) fn check(deployment: &Deployment<'_>) -> Vec<Finding> {
    let mut found = lengths(deployment);
    let mut names = Names::default();
    let config = deployment.config();
    let naming = deployment.naming();
    for target in config.targets.keys() {
        let place = Subject::keys(&["targets", target]);
        let queues = Priority::ALL.map(|priority| naming.queue(target, priority));
        for queue in queues.iter().chain([
            &naming.undelivered_queue(target),
            &naming.dead_queue(target),
        ]) {
            names.take("queue", queue, &place);
        }
    }
    for target in deployment.workers() {
        let place = Subject::keys(&["targets", &target.name]);
        names.take("function", &naming.worker(&target.name), &place);
        names.take(
            "function",
            &naming.undelivered_function(&target.name),
            &place,
        );
    }
    for function in config.functions.keys() {
        names.take(
            "function",
            function,
            &Subject::keys(&["functions", function]),
        );
    }
    for workflow in config.workflows.values() {
        let place = Subject::keys(&["workflows", &workflow.name]);
        names.take("state machine", &naming.staged(&workflow.name), &place);
        // Logical ids have letters and digits only.
        names.take("logical id", &pascal_case(&workflow.name), &place);
        if let Some(source) = &workflow.source {
            let place = Subject::keys(&["workflows", &workflow.name, "source"]);
            names.take("state machine", &naming.starter(&workflow.name), &place);
            names.take("queue", &naming.staged(source), &place);
            names.take("queue", &naming.unstarted_queue(source), &place);
        }
    }
    found.append(&mut names.clashes);
    found
}

fn lengths(deployment: &Deployment<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let naming = deployment.naming();
    let mut bound = |place: Subject, what: &str, name: &str, longest: usize| {
        if name.len() > longest {
            let message = format!(
                "the {what} {name} would have a name of {} letters",
                name.len()
            );
            let help = format!(
                "AWS takes {longest}: shorten it by {}",
                name.len() - longest
            );
            found.push(Finding::error(NAME_TOO_LONG, place, message, help));
        }
    };
    for target in deployment.workers() {
        let place = Subject::keys(&["targets", &target.name]);
        // The longest of the names that are made from the target's.
        bound(
            place,
            "schedule",
            &naming.watch_schedule(&target.name),
            MAX_FUNCTION_NAME_CHARS,
        );
    }
    for workflow in deployment.config().workflows.values() {
        if let Some(source) = &workflow.source {
            let place = Subject::keys(&["workflows", &workflow.name, "source"]);
            bound(
                place.clone(),
                "queue",
                &naming.unstarted_queue(source),
                MAX_QUEUE_NAME_CHARS,
            );
            bound(
                place,
                "state machine",
                &naming.starter(&workflow.name),
                MAX_QUEUE_NAME_CHARS,
            );
        }
    }
    found
}

/// Names that are taken, by kind.
#[derive(Default)]
struct Names {
    taken: BTreeMap<(&'static str, String), Subject>,
    clashes: Vec<Finding>,
}

impl Names {
    fn take(&mut self, kind: &'static str, name: &str, place: &Subject) {
        let before = self.taken.insert((kind, name.to_owned()), place.clone());
        if let Some(Subject::Configuration(other)) = before {
            let message = format!("the {kind} {name} is that of {} already", other.join("."));
            let help = "rename one of the two";
            self.clashes
                .push(Finding::error(NAME_TAKEN, place.clone(), message, help));
        }
    }
}
