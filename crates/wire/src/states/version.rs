//! PublishStateMachineVersion, DeleteStateMachineVersion and ListStateMachineVersions.

use rampmeter_engine::PublishVersion;
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::{MAX_ARN_CHARS, MAX_LONG_ARN_CHARS, MAX_PAGE_TOKEN_CHARS, page_json};
use super::listing::cut;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

/// Characters of the description of a version or an alias.
pub(super) const MAX_DESCRIPTION_CHARS: usize = 256;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Publish {
    state_machine_arn: Option<String>,
    revision_id: Option<String>,
    description: Option<String>,
}

pub(crate) async fn publish(call: Call) -> Result<Value, WireError> {
    let publish: Publish = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = publish.state_machine_arn.as_deref();
    constraints.required("stateMachineArn", arn, 1..=MAX_ARN_CHARS);
    let description = publish.description.as_deref();
    constraints.optional_secret("description", description, 0..=MAX_DESCRIPTION_CHARS);
    constraints.check()?;
    let version = call
        .site
        .engine
        .state_machines()
        .publish_version(PublishVersion {
            state_machine_arn: publish.state_machine_arn.unwrap_or_default(),
            revision_id: publish.revision_id,
            description: publish.description,
        })
        .await?;
    Ok(json!({
        "stateMachineVersionArn": version.arn,
        "creationDate": date(version.creation_date),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delete {
    state_machine_version_arn: Option<String>,
}

pub(crate) async fn delete(call: Call) -> Result<Value, WireError> {
    let delete: Delete = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = delete.state_machine_version_arn.as_deref();
    constraints.required("stateMachineVersionArn", arn, 1..=MAX_LONG_ARN_CHARS);
    constraints.check()?;
    let arn = delete.state_machine_version_arn.unwrap_or_default();
    call.site
        .engine
        .state_machines()
        .delete_version(&arn)
        .await?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    pub(super) state_machine_arn: Option<String>,
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

impl List {
    /// The request, and how many items of it at most.
    pub(super) fn read(call: &Call) -> Result<(List, Option<u32>), WireError> {
        let list: List = parameters(&call.body)?;
        let mut constraints = Constraints::new();
        let arn = list.state_machine_arn.as_deref();
        constraints.required("stateMachineArn", arn, 1..=MAX_ARN_CHARS);
        let token = list.next_token.as_deref();
        constraints.optional("nextToken", token, 1..=MAX_PAGE_TOKEN_CHARS);
        let most = constraints.max_results(list.max_results);
        constraints.check()?;
        Ok((list, most))
    }
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let (list, most) = List::read(&call)?;
    let arn = list.state_machine_arn.unwrap_or_default();
    let versions = call.site.engine.state_machines().versions(&arn).await?;
    let token = list.next_token.as_deref();
    let (page, next_token) = cut(versions, |version| &version.arn, token, most)?;
    let items = page.iter().map(|version| {
        json!({
            "stateMachineVersionArn": version.arn,
            "creationDate": date(version.creation_date),
        })
    });
    Ok(page_json(
        "stateMachineVersions",
        items.collect(),
        next_token,
    ))
}
