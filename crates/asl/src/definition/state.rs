//! One state.

use super::grammar::{self, Owner};
use super::object::Object;
use super::{assign, choice, fields, graph, item_reader, jsonata, map, query_language, retry};
use crate::model::machine::{
    Body, Duration, Flow, Graph, JsonPathFlow, Notes, ParallelBody, QueryLanguage, State, TaskBody,
    Until, Words,
};
use crate::model::resource::{Resource, SERVED};
use crate::model::state_kind::StateKind;
use rampmeter_expression::timestamp;

/// Parses a state. None if it has faults that leave nothing to work with; they are noted.
pub(super) fn parse(
    state: &Object<'_>,
    machine_language: QueryLanguage,
    inherited: QueryLanguage,
    notes: &mut Notes,
) -> Option<State> {
    let Some(text) = state.text("Type") else {
        match state.has("Type") {
            true => state.fault_at("Type", "Expected value of type String".to_owned()),
            false => state.require(&["Type"]),
        }
        return None;
    };
    let Some(kind) = StateKind::from_type(text) else {
        state.one_of_values("Type", text, &StateKind::ALL.map(StateKind::as_str));
        return None;
    };
    let language = language(state, machine_language, inherited);
    grammar::check(state, Owner::State(kind), language);
    let body = body(state, kind, language, machine_language, notes);
    let flow = match language {
        QueryLanguage::JsonPath => Flow::JsonPath(Box::new(json_path_flow(state, kind))),
        QueryLanguage::Jsonata => Flow::Jsonata(Box::new(jsonata::flow(state, kind))),
    };
    let (retry, catch) = (
        retry::retriers(state, language),
        retry::catchers(state, language),
    );
    let mut parsed = State {
        kind,
        flow,
        body: body?,
        retry,
        catch,
        unserved: None,
    };
    parsed.unserved = what_is_unserved(&parsed, state);
    Some(parsed)
}

/// The fields of the data flow. Those that the type does not have were noted as faults before.
fn json_path_flow(state: &Object<'_>, kind: StateKind) -> JsonPathFlow {
    let parameters = match kind {
        StateKind::Map => None,
        _ => state.template("Parameters"),
    };
    JsonPathFlow {
        input_path: fields::selection(state, "InputPath"),
        parameters,
        result_selector: state.template("ResultSelector"),
        result_path: fields::result_path(state),
        output_path: fields::selection(state, "OutputPath"),
        assign: assign::variables(state),
    }
}

fn language(
    state: &Object<'_>,
    machine_language: QueryLanguage,
    inherited: QueryLanguage,
) -> QueryLanguage {
    let own = query_language(state);
    if machine_language == QueryLanguage::Jsonata && own == Some(QueryLanguage::JsonPath) {
        let message =
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
        state.fault(message.to_owned());
    }
    own.unwrap_or(inherited)
}

fn body(
    state: &Object<'_>,
    kind: StateKind,
    language: QueryLanguage,
    machine_language: QueryLanguage,
    notes: &mut Notes,
) -> Option<Body> {
    match kind {
        StateKind::Parallel => branches(state, machine_language, notes),
        StateKind::Map => map::body(state, language, machine_language, notes),
        StateKind::Task => task(state, language),
        StateKind::Pass => pass(state),
        StateKind::Choice => choice(state, language),
        StateKind::Wait => wait(state, language),
        StateKind::Succeed => Some(Body::Succeed),
        StateKind::Fail => Some(fail(state, language)),
    }
}

fn branches(
    state: &Object<'_>,
    machine_language: QueryLanguage,
    notes: &mut Notes,
) -> Option<Body> {
    let mut graphs = Vec::new();
    for branch in state.objects("Branches") {
        grammar::check(&branch, Owner::Branch, machine_language);
        graphs.extend(nested(&branch, machine_language, notes));
    }
    let next = fields::transition(state)?;
    Some(Body::Parallel(Box::new(ParallelBody {
        branches: graphs,
        next,
    })))
}

/// The graph of a branch or an item processor.
pub(super) fn nested(
    object: &Object<'_>,
    machine_language: QueryLanguage,
    notes: &mut Notes,
) -> Option<Graph> {
    graph(object, machine_language, machine_language, notes)
}

/// The `Resource` of a Task state, one that AWS knows.
fn resource(state: &Object<'_>) -> Option<Resource> {
    let text = state.text("Resource")?;
    let resource = Resource::parse(text);
    if !is_arn(text) {
        let message = "Value is not a valid resource ARN".to_owned();
        state.fault_at("Resource", message);
    } else if let Some(arn) = resource.unknown_to_aws() {
        let message = format!(
            "The resource provided {arn} is not recognized. The value is not a valid resource ARN, \
             or the resource is not available in this region."
        );
        state.fault_at("Resource", message);
    }
    Some(resource)
}

/// Whether a text has the form of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
fn is_arn(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn") && parts.nth(4).is_some_and(|resource| !resource.is_empty())
}

fn task(state: &Object<'_>, language: QueryLanguage) -> Option<Body> {
    let resource = resource(state);
    let credentials = fields::any_template(state, "Credentials", "", language);
    let timeout = fields::duration(state, "TimeoutSeconds", "TimeoutSecondsPath", language);
    let heartbeat = fields::duration(state, "HeartbeatSeconds", "HeartbeatSecondsPath", language);
    if let (Duration::Seconds(timeout), Duration::Seconds(heartbeat)) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        let message = "HeartbeatSeconds must be smaller than TimeoutSeconds".to_owned();
        state.fault_at("HeartbeatSeconds", message);
    }
    let next = fields::transition(state);
    Some(Body::Task(Box::new(TaskBody {
        resource: resource?,
        credentials,
        timeout,
        heartbeat,
        next: next?,
    })))
}

fn pass(state: &Object<'_>) -> Option<Body> {
    Some(Body::Pass {
        result: state.value("Result").cloned(),
        next: fields::transition(state)?,
    })
}

fn choice(state: &Object<'_>, language: QueryLanguage) -> Option<Body> {
    let default = state.text("Default").map(str::to_owned);
    Some(match language {
        QueryLanguage::JsonPath => Body::Choice {
            rules: choice::rules(state),
            default,
        },
        QueryLanguage::Jsonata => Body::QueryChoice {
            rules: jsonata::rules(state),
            default,
        },
    })
}

fn wait(state: &Object<'_>, language: QueryLanguage) -> Option<Body> {
    let next = fields::transition(state);
    let query = |name| fields::query_of(state, name, "", language).flatten();
    let moment = |name| state.text(name).and_then(timestamp::parse);
    let until = query("Seconds")
        .map(Until::SecondsQuery)
        .or_else(|| query("Timestamp").map(Until::TimestampQuery))
        .or_else(|| state.whole("Seconds").map(Until::Seconds))
        .or_else(|| moment("Timestamp").map(Until::Timestamp))
        .or_else(|| state.path("SecondsPath").map(Until::SecondsPath))
        .or_else(|| state.path("TimestampPath").map(Until::TimestampPath));
    Some(Body::Wait {
        until: until?,
        next: next?,
    })
}

fn fail(state: &Object<'_>, language: QueryLanguage) -> Body {
    let words = |literal: &'static str, path: &'static str| {
        if let Some(query) = fields::query_of(state, literal, "", language) {
            return query.map_or(Words::None, Words::Query);
        }
        if let Some(text) = state.text(literal) {
            return Words::Literal(text.to_owned());
        }
        state
            .expression(path)
            .map_or(Words::None, |found| Words::Expression(path, found))
    };
    Body::Fail {
        error: words("Error", "ErrorPath"),
        cause: words("Cause", "CausePath"),
    }
}

/// Why this host cannot run a state, if it cannot.
fn what_is_unserved(state: &State, fields: &Object<'_>) -> Option<String> {
    if let Some(what) = item_reader::unserved(fields, state.kind) {
        return Some(what);
    }
    match &state.body {
        Body::Task(task) => match &task.resource {
            Resource::Unserved(arn) => Some(format!("the resource '{arn}'; it runs {SERVED}")),
            Resource::Action(_) | Resource::Function(_) | Resource::Activity(_) => None,
        },
        _ => None,
    }
}
