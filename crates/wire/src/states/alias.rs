//! CreateStateMachineAlias, UpdateStateMachineAlias, DeleteStateMachineAlias, DescribeStateMachineAlias and
//! ListStateMachineAliases, with AWS's checks of a routing configuration before it looks up the versions.

use std::collections::BTreeSet;

use rampmeter_engine::{CreateAlias, Route, UpdateAlias};
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::{MAX_ARN_CHARS, MAX_NAME_CHARS, page_json};
use super::listing::cut;
use super::version::{List, MAX_DESCRIPTION_CHARS};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

/// Versions that an alias may route to.
const MAX_ROUTES: usize = 2;

/// AWS's pattern of names, which a number alone does not match: that would be a version.
const NAME_PATTERN: &str = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouteItem {
    state_machine_version_arn: Option<String>,
    weight: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RouteItem>>,
}

pub(crate) async fn create(call: Call) -> Result<Value, WireError> {
    let create: Create = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let name = create.name.as_deref();
    constraints.required("name", name, 1..=MAX_NAME_CHARS);
    let not_empty = name.filter(|name| !name.is_empty());
    constraints.pattern("name", not_empty, NAME_PATTERN, is_name);
    let description = create.description.as_deref();
    constraints.optional_secret("description", description, 0..=MAX_DESCRIPTION_CHARS);
    let given = create.routing_configuration;
    constraints.present("routingConfiguration", given.as_ref());
    let routes = given.map(|items| routes(&mut constraints, items));
    constraints.check()?;
    let routes = routes.unwrap_or_default();
    check_routes(&routes)?;
    let created = call
        .site
        .engine
        .state_machines()
        .create_alias(CreateAlias {
            name: create.name.unwrap_or_default(),
            description: create.description,
            routes,
        })
        .await?;
    Ok(json!({
        "stateMachineAliasArn": created.arn,
        "creationDate": date(created.creation_date),
    }))
}

/// Whether a name matches `NAME_PATTERN`.
fn is_name(name: &str) -> bool {
    let mark = |letter: u8| letter.is_ascii_alphabetic() || b"_-.".contains(&letter);
    name.bytes()
        .all(|letter| mark(letter) || letter.is_ascii_digit())
        && name.bytes().any(mark)
}

/// The routes, with the constraints on each of them.
fn routes(constraints: &mut Constraints, items: Vec<RouteItem>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (number, item) in (1..).zip(items) {
        let arn = item.state_machine_version_arn;
        let member = format!("routingConfiguration.{number}.member.stateMachineVersionArn");
        constraints.required(&member, arn.as_deref(), 1..=MAX_ARN_CHARS);
        let member = format!("routingConfiguration.{number}.member.weight");
        constraints.present(&member, item.weight.as_ref());
        constraints.at_least(&member, item.weight, 0);
        constraints.at_most(&member, item.weight, 100);
        routes.push(Route {
            version_arn: arn.unwrap_or_default(),
            weight: item.weight.unwrap_or_default(),
        });
    }
    let rule = match routes.len() {
        0 => "Member must have length greater than or equal to 1".to_owned(),
        count if count > MAX_ROUTES => {
            format!("Member must have length less than or equal to {MAX_ROUTES}")
        }
        _ => return routes,
    };
    let shown: Vec<String> = routes
        .iter()
        .map(|route| {
            format!(
                "RoutingConfigurationListItem(stateMachineVersionArn={}, weight={})",
                route.version_arn, route.weight
            )
        })
        .collect();
    let shown = format!("[{}]", shown.join(", "));
    constraints.fail("routingConfiguration", Some(&shown), &rule);
    routes
}

/// The versions must differ, and the weights must add up to a hundred.
fn check_routes(routes: &[Route]) -> Result<(), WireError> {
    let refused = |message: String| Err(WireError::new("ValidationException", message));
    let arns: Vec<&str> = routes
        .iter()
        .map(|route| route.version_arn.as_str())
        .collect();
    if arns.iter().collect::<BTreeSet<_>>().len() < arns.len() {
        return refused(format!(
            "Routing configuration must contain distinct state machine version ARNs. Received: [{}]",
            arns.join(", ")
        ));
    }
    let weights: Vec<i64> = routes.iter().map(|route| route.weight).collect();
    if weights.iter().sum::<i64>() != 100 {
        return refused(format!(
            "Sum of routing configuration weights must equal 100. Received: {weights:?}"
        ));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    state_machine_alias_arn: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RouteItem>>,
}

pub(crate) async fn update(call: Call) -> Result<Value, WireError> {
    let update: Update = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = update.state_machine_alias_arn.as_deref();
    constraints.required("stateMachineAliasArn", arn, 1..=MAX_ARN_CHARS);
    let description = update.description.as_deref();
    constraints.optional_secret("description", description, 0..=MAX_DESCRIPTION_CHARS);
    let routes = update
        .routing_configuration
        .map(|items| routes(&mut constraints, items));
    constraints.check()?;
    match &routes {
        Some(routes) => check_routes(routes)?,
        None if update.description.is_none() => {
            return Err(WireError::new(
                "MissingRequiredParameter",
                "Either the description or the RoutingConfiguration must be specified",
            ));
        }
        None => {}
    }
    let update_date = call
        .site
        .engine
        .state_machines()
        .update_alias(UpdateAlias {
            arn: update.state_machine_alias_arn.unwrap_or_default(),
            description: update.description,
            routes,
        })
        .await?;
    Ok(json!({ "updateDate": date(update_date) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    state_machine_alias_arn: Option<String>,
}

impl Named {
    fn read(call: &Call) -> Result<String, WireError> {
        let named: Named = parameters(&call.body)?;
        let mut constraints = Constraints::new();
        let arn = named.state_machine_alias_arn.as_deref();
        constraints.required("stateMachineAliasArn", arn, 1..=MAX_ARN_CHARS);
        constraints.check()?;
        Ok(named.state_machine_alias_arn.unwrap_or_default())
    }
}

pub(crate) async fn delete(call: Call) -> Result<Value, WireError> {
    let arn = Named::read(&call)?;
    call.site.engine.state_machines().delete_alias(&arn).await?;
    Ok(json!({}))
}

pub(crate) async fn describe(call: Call) -> Result<Value, WireError> {
    let arn = Named::read(&call)?;
    let alias = call
        .site
        .engine
        .state_machines()
        .describe_alias(&arn)
        .await?;
    let routes = alias.routes.iter().map(
        |route| json!({ "stateMachineVersionArn": route.version_arn, "weight": route.weight }),
    );
    let mut answer = json!({
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": routes.collect::<Vec<_>>(),
        "creationDate": date(alias.creation_date),
        "updateDate": date(alias.update_date),
    });
    if let Some(description) = alias.description {
        answer["description"] = Value::from(description);
    }
    Ok(answer)
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let (list, most) = List::read(&call)?;
    let arn = list.state_machine_arn.unwrap_or_default();
    let aliases = call.site.engine.state_machines().aliases(&arn).await?;
    let token = list.next_token.as_deref();
    let (page, next_token) = cut(aliases, |alias| &alias.arn, token, most)?;
    let items = page.iter().map(|alias| {
        json!({
            "stateMachineAliasArn": alias.arn,
            "creationDate": date(alias.creation_date),
        })
    });
    Ok(page_json(
        "stateMachineAliases",
        items.collect(),
        next_token,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(arn: &str, weight: i64) -> Route {
        Route {
            version_arn: arn.to_owned(),
            weight,
        }
    }

    #[test]
    fn a_number_is_no_name() {
        for good in ["PROD", "a1", "1.0", "-", "_2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "123", "a b", "a/b", "Ä"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn weights_add_up_to_a_hundred_over_different_versions() {
        assert_eq!(check_routes(&[route("a:1", 100)]), Ok(()));
        assert_eq!(check_routes(&[route("a:1", 30), route("a:2", 70)]), Ok(()));
        let refused = |routes: &[Route]| check_routes(routes).expect_err("refused").message;
        assert_eq!(
            refused(&[route("a:1", 30), route("a:2", 71)]),
            "Sum of routing configuration weights must equal 100. Received: [30, 71]"
        );
        assert_eq!(
            refused(&[route("a:1", 50), route("a:1", 50)]),
            "Routing configuration must contain distinct state machine version ARNs. Received: [a:1, a:1]"
        );
    }
}
