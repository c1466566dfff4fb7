//! Notes about a sound definition: states that this host does not run, warnings, and what an
//! EXPRESS machine may not have.

use super::object::Object;
use super::warning;
use crate::model::diagnostic::{Diagnostic, NO_TASK_TOKEN, SCHEMA, Unserved};
use crate::model::machine::{Body, Flow, Notes, State};
use crate::model::resource::Resource;
use rampmeter_expression::path::Root;

impl Notes {
    /// Takes note of a state.
    pub(super) fn add(&mut self, name: &str, state: &State, fields: &Object<'_>) {
        if let Some(what) = &state.unserved {
            let location = match &state.body {
                Body::Task(task) if matches!(task.resource, Resource::Unserved(_)) => {
                    fields.location_of("Resource")
                }
                _ => fields.location(),
            };
            self.unserved.push(Unserved {
                state: name.to_owned(),
                location,
                what: what.clone(),
            });
        }
        if keeps_its_token(state) {
            let message = "The parameters do not contain $$.Task.Token: nobody can answer the \
                           task, and it waits for its time-out";
            let location = fields.location_of("Parameters");
            self.warnings.push(Diagnostic::warning(
                NO_TASK_TOKEN,
                message.to_owned(),
                location,
            ));
        }
        if matches!(&state.body, Body::Map(map) if map.distributed.is_some()) {
            let message = "Express state machine does not support Distributed Map".to_owned();
            self.express_faults
                .push(Diagnostic::error(SCHEMA, message, fields.location()));
        }
        if matches!(state.flow, Flow::JsonPath(_)) {
            warning::add(state.kind, fields, &mut self.warnings);
        }
        if let Some(what) = fields
            .value("Resource")
            .and_then(|arn| not_express(arn.as_str()?))
        {
            let message = format!("Express state machine does not support {what}");
            let location = fields.location_of("Resource");
            self.express_faults
                .push(Diagnostic::error(SCHEMA, message, location));
        }
    }
}

/// Whether a task waits for a task token that its parameters do not pass on.
fn keeps_its_token(state: &State) -> bool {
    let Body::Task(task) = &state.body else {
        return false;
    };
    let hands_out = match &state.flow {
        Flow::JsonPath(flow) => flow.parameters.as_ref().is_some_and(|template| {
            template.has_path(&|path| {
                *path.root() == Root::Context && path.may_reach(&["Task", "Token"])
            })
        }),
        Flow::Jsonata(flow) => flow.arguments.as_ref().is_some_and(|template| {
            let mut reads = false;
            template.each_query(&mut |query| reads |= query.program.may_read_task_token());
            reads
        }),
    };
    task.resource.awaits_token() && !hands_out
}

/// What in a resource an EXPRESS machine cannot have, in AWS's words. The blank at the end of two of
/// the texts is AWS's.
fn not_express(arn: &str) -> Option<&'static str> {
    if arn.ends_with(".waitForTaskToken") {
        Some("'.waitForTaskToken' service integration ")
    } else if arn.ends_with(".sync") || arn.ends_with(".sync:2") {
        Some("'.sync' service integration ")
    } else if arn.contains(":activity:") {
        Some("Activity ARN")
    } else {
        None
    }
}
