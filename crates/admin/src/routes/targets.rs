//! `/v1/targets` and `/v1/limits`: the state of each target, and every limit of every target in one list.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::response::{JsonResponse, Refused};
use crate::site::Site;
use crate::target::{limits_json, target_json};

pub(crate) async fn targets(State(site): State<Arc<Site>>) -> Result<JsonResponse, Refused> {
    let calls = site.engine.calls();
    let counts = calls.target_counts().await?;
    let delayed = |name: &str| counts.get(name).map_or([0; 3], |counts| counts.delayed);
    let targets = calls.targets().await?;
    let targets = targets
        .iter()
        .map(|target| target_json(target, delayed(&target.name)));
    let targets: Vec<_> = targets.collect();
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.targets/2", "targets": targets }),
    ))
}

pub(crate) async fn limits(State(site): State<Arc<Site>>) -> Result<JsonResponse, Refused> {
    let mut limits = Vec::new();
    for target in site.engine.calls().targets().await? {
        for limit in limits_json(&target) {
            let mut row = Map::new();
            row.insert("target".to_owned(), target.name.as_str().into());
            if let Value::Object(limit) = limit {
                row.extend(limit);
            }
            limits.push(Value::Object(row));
        }
    }
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.limits/1", "limits": limits }),
    ))
}
