//! CreateStateMachine, UpdateStateMachine, DeleteStateMachine, DescribeStateMachine, DescribeStateMachineForExecution
//! and ListStateMachines.

use rampmeter_asl::StateMachine;
use rampmeter_engine::{
    CreateStateMachine, MachineKind, Publication, StateMachineDescription, UpdateStateMachine,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::constraint::Constraints;
use super::execution::{
    MAX_ARN_CHARS, MAX_NAME_CHARS, MAX_PAGE_TOKEN_CHARS, included_data, page_json,
};
use super::listing::cut;
use super::settings::{Configured, shown};
use super::tag::{Tag, tags_by_key};
use super::version::MAX_DESCRIPTION_CHARS;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

/// Characters of a definition: 1 MiB.
pub(super) const MAX_DEFINITION_BYTES: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.optional(
        "nextToken",
        list.next_token.as_deref(),
        1..=MAX_PAGE_TOKEN_CHARS,
    );
    let max_results = constraints.max_results(list.max_results);
    constraints.check()?;
    let machines = call
        .site
        .engine
        .state_machines()
        .list_state_machines()
        .await?;
    let token = list.next_token.as_deref();
    let (page, next_token) = cut(machines, |machine| &machine.name, token, max_results)?;
    let items = page.iter().map(item_json).collect();
    Ok(page_json("stateMachines", items, next_token))
}

fn item_json(machine: &StateMachineDescription) -> Value {
    json!({
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.kind.as_str(),
        "creationDate": date(machine.creation_date),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    publish: Option<bool>,
    version_description: Option<String>,
    #[serde(flatten)]
    settings: Configured,
}

fn description_of_version(constraints: &mut Constraints, description: Option<&str>) {
    let member = "versionDescription";
    constraints.optional_secret(member, description, 0..=MAX_DESCRIPTION_CHARS);
}

/// The version as which a change is to be published.
fn publication(
    publish: Option<bool>,
    description: Option<String>,
) -> Result<Option<Publication>, WireError> {
    if publish == Some(true) {
        return Ok(Some(Publication { description }));
    }
    if description.is_some() {
        return Err(WireError::new(
            "ValidationException",
            "Version description can only be set when publish is true",
        ));
    }
    Ok(None)
}

pub(crate) async fn create(call: Call) -> Result<Value, WireError> {
    let create: Create = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required("name", create.name.as_deref(), 1..=MAX_NAME_CHARS);
    constraints.required_secret(
        "definition",
        create.definition.as_deref(),
        1..=MAX_DEFINITION_BYTES,
    );
    constraints.required("roleArn", create.role_arn.as_deref(), 1..=MAX_ARN_CHARS);
    description_of_version(&mut constraints, create.version_description.as_deref());
    constraints.check()?;
    let created = call
        .site
        .engine
        .state_machines()
        .create_state_machine(CreateStateMachine {
            name: create.name.unwrap_or_default(),
            definition: create.definition.unwrap_or_default(),
            role_arn: create.role_arn.unwrap_or_default(),
            kind: kind(create.r#type.as_deref())?,
            settings: create.settings.into_settings()?,
            publish: publication(create.publish, create.version_description)?,
            tags: tags_by_key(create.tags)?,
        })
        .await?;
    let mut answer = json!({
        "stateMachineArn": created.arn,
        "creationDate": date(created.creation_date),
    });
    if let Some(version) = created.version_arn {
        answer["stateMachineVersionArn"] = Value::String(version);
    }
    Ok(answer)
}

pub(super) fn kind(name: Option<&str>) -> Result<MachineKind, WireError> {
    let mut constraints = Constraints::new();
    constraints.one_of("type", name, &["STANDARD", "EXPRESS"]);
    constraints.check()?;
    Ok(name
        .and_then(MachineKind::from_name)
        .unwrap_or(MachineKind::Standard))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    state_machine_arn: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    publish: Option<bool>,
    version_description: Option<String>,
    #[serde(flatten)]
    settings: Configured,
}

pub(crate) async fn update(call: Call) -> Result<Value, WireError> {
    let update: Update = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = update.state_machine_arn.as_deref();
    constraints.required("stateMachineArn", arn, 1..=MAX_ARN_CHARS);
    constraints.optional_secret(
        "definition",
        update.definition.as_deref(),
        1..=MAX_DEFINITION_BYTES,
    );
    constraints.optional("roleArn", update.role_arn.as_deref(), 1..=MAX_ARN_CHARS);
    description_of_version(&mut constraints, update.version_description.as_deref());
    constraints.check()?;
    let settings = update.settings;
    if update.definition.is_none() && update.role_arn.is_none() && settings.is_empty() {
        return Err(WireError::new(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        ));
    }
    let updated = call
        .site
        .engine
        .state_machines()
        .update_state_machine(UpdateStateMachine {
            arn: update.state_machine_arn.unwrap_or_default(),
            definition: update.definition,
            role_arn: update.role_arn,
            settings: settings.into_settings()?,
            publish: publication(update.publish, update.version_description)?,
        })
        .await?;
    let mut answer = json!({ "updateDate": date(updated.update_date) });
    if let Some(revision) = updated.revision_id {
        answer["revisionId"] = Value::String(revision);
    }
    if let Some(version) = updated.version_arn {
        answer["stateMachineVersionArn"] = Value::String(version);
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    state_machine_arn: Option<String>,
}

pub(crate) async fn delete(call: Call) -> Result<Value, WireError> {
    let named: Named = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = named.state_machine_arn.as_deref();
    constraints.required("stateMachineArn", arn, 1..=MAX_ARN_CHARS);
    constraints.check()?;
    let arn = named.state_machine_arn.unwrap_or_default();
    call.site
        .engine
        .state_machines()
        .delete_state_machine(&arn)
        .await?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

pub(crate) async fn describe(call: Call) -> Result<Value, WireError> {
    let describe: Describe = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = describe.state_machine_arn.as_deref();
    constraints.required("stateMachineArn", arn, 1..=MAX_ARN_CHARS);
    let with_data = included_data(&mut constraints, describe.included_data.as_deref());
    constraints.check()?;
    let arn = describe.state_machine_arn.unwrap_or_default();
    let machine = call
        .site
        .engine
        .state_machines()
        .describe_state_machine(&arn)
        .await?;
    let mut answer = described(&machine, with_data);
    answer["status"] = json!("ACTIVE");
    answer["type"] = json!(machine.kind.as_str());
    answer["creationDate"] = date(machine.creation_date);
    if let Some(description) = machine.description {
        answer["description"] = Value::String(description);
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeForExecution {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

pub(crate) async fn describe_for_execution(call: Call) -> Result<Value, WireError> {
    let describe: DescribeForExecution = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = describe.execution_arn.as_deref();
    constraints.required("executionArn", arn, 1..=MAX_ARN_CHARS);
    let with_data = included_data(&mut constraints, describe.included_data.as_deref());
    constraints.check()?;
    let arn = describe.execution_arn.unwrap_or_default();
    let machine = call
        .site
        .engine
        .state_machines()
        .state_machine_of(&arn)
        .await?;
    let mut answer = described(&machine, with_data);
    answer["updateDate"] = date(machine.update_date);
    Ok(answer)
}

/// The variables to which each state refers, by the state's name; AWS omits states that refer to none.
fn variable_references(definition: &str) -> Map<String, Value> {
    // A stored definition was parsed before.
    let Ok(machine) = StateMachine::parse(definition) else {
        return Map::new();
    };
    let references = machine.variable_references().into_iter();
    references
        .map(|(state, names)| (state.to_owned(), json!(names)))
        .collect()
}

/// The members that both descriptions share.
fn described(machine: &StateMachineDescription, with_data: bool) -> Value {
    let mut answer = json!({
        "stateMachineArn": machine.arn,
        "name": machine.name,
        // AWS returns an empty object as the definition when data is not asked for.
        "definition": if with_data { machine.definition.as_str() } else { "{}" },
        "roleArn": machine.role_arn,
    });
    for (name, setting) in shown(&machine.settings) {
        answer[name] = setting;
    }
    if with_data {
        let references = variable_references(&machine.definition);
        if !references.is_empty() {
            answer["variableReferences"] = Value::Object(references);
        }
    }
    if let Some(revision) = &machine.revision_id {
        answer["revisionId"] = json!(revision);
    }
    answer
}
