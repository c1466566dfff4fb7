//! CreateActivity, DeleteActivity, DescribeActivity, ListActivities and GetActivityTask.

use rampmeter_engine::{ActivityDescription, CreateActivity, GetActivityTask};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::constraint::Constraints;
use super::execution::{MAX_ARN_CHARS, MAX_NAME_CHARS, MAX_PAGE_TOKEN_CHARS, page_json};
use super::listing::cut;
use super::settings::Encryption;
use super::tag::{Tag, tags_by_key};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    encryption_configuration: Option<Encryption>,
}

pub(crate) async fn create(call: Call) -> Result<Value, WireError> {
    let create: Create = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required("name", create.name.as_deref(), 1..=MAX_NAME_CHARS);
    constraints.check()?;
    let given = create.encryption_configuration;
    let encryption = given.map(Encryption::check).transpose()?;
    let created = call
        .site
        .engine
        .activities()
        .create_activity(CreateActivity {
            name: create.name.unwrap_or_default(),
            encryption,
            tags: tags_by_key(create.tags)?,
        })
        .await?;
    Ok(json!({ "activityArn": created.arn, "creationDate": date(created.creation_date) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    activity_arn: Option<String>,
}

impl Named {
    fn read(call: &Call) -> Result<String, WireError> {
        let named: Named = parameters(&call.body)?;
        let mut constraints = Constraints::new();
        let arn = named.activity_arn.as_deref();
        constraints.required("activityArn", arn, 1..=MAX_ARN_CHARS);
        constraints.check()?;
        Ok(named.activity_arn.unwrap_or_default())
    }
}

pub(crate) async fn delete(call: Call) -> Result<Value, WireError> {
    let arn = Named::read(&call)?;
    call.site.engine.activities().delete_activity(&arn).await?;
    Ok(json!({}))
}

pub(crate) async fn describe(call: Call) -> Result<Value, WireError> {
    let arn = Named::read(&call)?;
    let activity = call
        .site
        .engine
        .activities()
        .describe_activity(&arn)
        .await?;
    let mut answer = item_json(&activity);
    answer["encryptionConfiguration"] = activity
        .encryption
        .unwrap_or_else(|| json!({ "type": "AWS_OWNED_KEY" }));
    Ok(answer)
}

fn item_json(activity: &ActivityDescription) -> Value {
    json!({
        "activityArn": activity.arn,
        "name": activity.name,
        "creationDate": date(activity.creation_date),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let token = list.next_token.as_deref();
    constraints.optional("nextToken", token, 1..=MAX_PAGE_TOKEN_CHARS);
    let most = constraints.max_results(list.max_results);
    constraints.check()?;
    let activities = call.site.engine.activities().list_activities().await?;
    let (page, next_token) = cut(activities, |activity| &activity.name, token, most)?;
    let items = page.iter().map(item_json).collect();
    Ok(page_json("activities", items, next_token))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetTask {
    activity_arn: Option<String>,
    worker_name: Option<String>,
}

/// Without a task, AWS responds after a minute with no task token, which its SDKs show as null.
pub(crate) async fn get_task(call: Call) -> Result<Value, WireError> {
    let get: GetTask = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = get.activity_arn.as_deref();
    constraints.required("activityArn", arn, 1..=MAX_ARN_CHARS);
    constraints.optional("workerName", get.worker_name.as_deref(), 1..=MAX_NAME_CHARS);
    constraints.check()?;
    let task = call
        .site
        .engine
        .activities()
        .get_activity_task(GetActivityTask {
            activity_arn: get.activity_arn.unwrap_or_default(),
            worker_name: get.worker_name,
        })
        .await?;
    let mut answer = Map::new();
    if let Some(task) = task {
        answer.insert("taskToken".to_owned(), task.task_token.into());
        answer.insert("input".to_owned(), task.input.into());
    }
    Ok(Value::Object(answer))
}
