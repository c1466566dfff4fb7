//! ListStateMachines and DescribeStateMachine. State machines come from the configuration; they are few, so a page
//! is cut here and not in the store.

use rampmeter_engine::{Rejected, StateMachineDescription};
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::{LONGEST_ARN, LONGEST_PAGE_TOKEN, included_data, page_json};
use crate::wire::error::WireError;
use crate::wire::json::{date, parameters};
use crate::wire::operation::Call;

/// Items of a page when the client does not say.
const DEFAULT_PAGE: usize = 100;

/// What page tokens begin with; the name of the last state machine of the page follows.
const PAGE_TOKEN_PREFIX: &str = "after:";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(in crate::wire) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.optional(
        "nextToken",
        list.next_token.as_deref(),
        1..=LONGEST_PAGE_TOKEN,
    );
    let max_results = constraints.max_results(list.max_results);
    constraints.check()?;
    let machines = call.site.engine.state_machines().await?;
    let size = match max_results {
        None | Some(0) => DEFAULT_PAGE,
        Some(size) => size as usize,
    };
    let (page, next_token) = cut(machines, list.next_token.as_deref(), size)?;
    Ok(page_json(
        "stateMachines",
        page.iter().map(item_json).collect(),
        next_token,
    ))
}

/// The page after the one that `token` ended, and the token of the page after it.
fn cut(
    mut machines: Vec<StateMachineDescription>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<StateMachineDescription>, Option<String>), Rejected> {
    machines.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(token) = token {
        let last = token
            .strip_prefix(PAGE_TOKEN_PREFIX)
            .ok_or(Rejected::InvalidPageToken)?;
        machines.retain(|machine| machine.name.as_str() > last);
    }
    let more = machines.len() > size;
    machines.truncate(size);
    let next = if more { machines.last() } else { None };
    let next_token = next.map(|machine| format!("{PAGE_TOKEN_PREFIX}{}", machine.name));
    Ok((machines, next_token))
}

fn item_json(machine: &StateMachineDescription) -> Value {
    json!({
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": "STANDARD",
        "creationDate": date(machine.creation_date),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

pub(in crate::wire) async fn describe(call: Call) -> Result<Value, WireError> {
    let describe: Describe = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required(
        "stateMachineArn",
        describe.state_machine_arn.as_deref(),
        1..=LONGEST_ARN,
    );
    let with_data = included_data(&mut constraints, describe.included_data.as_deref());
    constraints.check()?;
    let arn = describe.state_machine_arn.unwrap_or_default();
    let machines = call.site.engine.state_machines().await?;
    let Some(machine) = machines.into_iter().find(|machine| machine.arn == arn) else {
        return Err(Rejected::StateMachineDoesNotExist(arn).into());
    };
    Ok(json!({
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "status": "ACTIVE",
        // AWS answers an empty object as the definition when data is not asked for.
        "definition": if with_data { machine.definition.as_str() } else { "{}" },
        "roleArn": machine.role_arn,
        "type": "STANDARD",
        "creationDate": date(machine.creation_date),
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines(names: &[&str]) -> Vec<StateMachineDescription> {
        names
            .iter()
            .map(|name| StateMachineDescription {
                arn: format!("arn:aws:states:us-east-1:000000000000:stateMachine:{name}"),
                name: (*name).to_owned(),
                definition: "{}".to_owned(),
                role_arn: String::new(),
                creation_date: 0,
            })
            .collect()
    }

    #[test]
    fn pages_hold_every_state_machine_once_and_the_last_has_no_token() {
        let all = machines(&["d", "a", "c", "b", "e"]);
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = cut(all.clone(), token.as_deref(), 2).expect("a good token");
            assert!(page.len() <= 2);
            seen.extend(page.into_iter().map(|machine| machine.name));
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_page_that_ends_exactly_at_the_end_has_no_token() {
        let (page, next) = cut(machines(&["a", "b"]), None, 2).expect("no token");
        assert_eq!((page.len(), next), (2, None));
    }

    #[test]
    fn a_token_of_another_listing_is_refused() {
        let refused = cut(machines(&["a"]), Some("AQIDBA=="), 2).expect_err("not ours");
        assert_eq!(refused, Rejected::InvalidPageToken);
    }
}
