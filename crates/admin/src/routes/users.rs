//! `/v1/users`: who may log in. They are added and removed in their file, by `rampmeter user`: no request can add a user.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use serde_json::json;

use crate::response::JsonResponse;
use crate::site::Site;

pub(crate) async fn list(State(site): State<Arc<Site>>) -> JsonResponse {
    let users = site.access.users();
    let now = Timestamp::now();
    let users: Vec<_> = users.iter().map(|user| user.to_json(now)).collect();
    JsonResponse(json!({ "schema": "rampmeter.user-list/1", "users": users }))
}
