//! The shared item of a target in the table of permits, as the command line reads and changes it. Its layout is the
//! worker's (`crates/lambda/src/service/table.rs`). A change is made on condition that nobody has written since the
//! item was read, and it raises the item's version, so that the next write of a drainer fails and it reads the item
//! again.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rampmeter_config::Target;
use rampmeter_dispatch::Shared;
use rampmeter_orders::Orders;
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use super::stack::Stack;
use crate::client::on_aws::{AwsError, DYNAMODB};

/// How often a change is attempted while drainers write, which they do some dozen times a second.
const TRIES: u32 = 60;

/// The item as it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    /// What the drainers know; the initial state where nothing was ever started.
    pub(super) state: Shared,
    pub(super) orders: Orders,
    version: Option<u64>,
}

/// Reads the item of a target.
///
/// # Errors
/// AWS refuses it, or it cannot be understood.
pub(super) async fn read(stack: &Stack, target: &Target) -> Result<Item, Failure> {
    let input = json!({
        "TableName": stack.table, "Key": key(target), "ConsistentRead": true,
    });
    let answer = stack.client.call(DYNAMODB, "GetItem", &input).await;
    let answer = answer.map_err(|error| with_stack(error, stack))?;
    let Some(item) = answer.get("Item").filter(|item| item.is_object()) else {
        return Ok(Item::default());
    };
    let wrong = |why: String| {
        let what = format!("the item of {} cannot be read: {why}", target.name);
        Failure::new("RM3043", Exit::Failed, what)
            .with_help("use the version of rampmeter that the stack was deployed with")
    };
    let version = item["version"]["N"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let bytes = STANDARD.decode(item["state"]["B"].as_str().unwrap_or_default());
    let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
    let orders = match item["orders"]["S"].as_str() {
        Some(text) => Orders::read(text).map_err(|error| wrong(error.to_string()))?,
        None => Orders::default(),
    };
    Ok(Item {
        state: Shared::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?,
        orders,
        version: Some(version.ok_or_else(|| wrong("it has no version".to_owned()))?),
    })
}

/// Changes the orders of a target, again until nobody writes in between. Returns the orders as they are then.
///
/// # Errors
/// Those of [`read`], those of the change, and when drainers write first every time.
pub(super) async fn change(
    stack: &Stack,
    target: &Target,
    change: &dyn Fn(&mut Orders) -> Result<(), Failure>,
) -> Result<Item, Failure> {
    for tried in 0..TRIES {
        let mut item = read(stack, target).await?;
        change(&mut item.orders)?;
        let (operation, input) = write(stack, target, &item);
        match stack.client.call(DYNAMODB, operation, &input).await {
            Ok(_) => return Ok(item),
            Err(error) if error.name() == "ConditionalCheckFailedException" => {
                // Varies, so as not to keep step with drainers that write at a steady pace.
                let pause = 5 + u64::from(tried) * 7 % 40;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            Err(error) => return Err(with_stack(error, stack)),
        }
    }
    let what = format!(
        "the drainers of {} wrote first {TRIES} times in a row",
        target.name
    );
    Err(Failure::new("RM3043", Exit::Failed, what).with_help("run the command again"))
}

fn write(stack: &Stack, target: &Target, item: &Item) -> (&'static str, Value) {
    let number = |number: u64| json!({ "N": number.to_string() });
    let orders = item.orders.to_text();
    let Some(version) = item.version else {
        let state = item.state.to_bytes(&target.rules.clone().shared());
        let mut whole = json!({
            "id": key(target)["id"], "version": number(1), "state": { "B": STANDARD.encode(state) },
        });
        if let Some(orders) = orders {
            whole["orders"] = json!({ "S": orders });
        }
        let input = json!({
            "TableName": stack.table, "Item": whole, "ConditionExpression": "attribute_not_exists(id)",
        });
        return ("PutItem", input);
    };
    let mut values = json!({ ":before": number(version), ":after": number(version + 1) });
    let expression = match orders {
        Some(orders) => {
            values[":orders"] = json!({ "S": orders });
            "SET #orders = :orders, #version = :after"
        }
        None => "SET #version = :after REMOVE #orders",
    };
    let input = json!({
        "TableName": stack.table,
        "Key": key(target),
        "UpdateExpression": expression,
        "ConditionExpression": "#version = :before",
        "ExpressionAttributeNames": { "#orders": "orders", "#version": "version" },
        "ExpressionAttributeValues": values,
    });
    ("UpdateItem", input)
}

fn key(target: &Target) -> Value {
    json!({ "id": { "S": format!("target/{}", target.name) } })
}

fn with_stack(error: AwsError, stack: &Stack) -> Failure {
    if error.name() == "ResourceNotFoundException" {
        let what = format!(
            "there is no table {} in this account and region",
            stack.table
        );
        return Failure::new("RM3041", Exit::Unreachable, what)
            .with_help("name the stack with --stack or --stage, and the region with AWS_REGION");
    }
    error.into()
}
