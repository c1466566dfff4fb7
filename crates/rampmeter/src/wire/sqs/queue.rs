//! GetQueueUrl. The URL carries the name under which the client reached this server: some SDKs send their next
//! request to the origin of the queue URL, and between containers `localhost` would be the wrong one.

use rampmeter_config::Config;
use rampmeter_dispatch::Priority;
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::required;
use crate::wire::error::WireError;
use crate::wire::json::parameters;
use crate::wire::operation::Call;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

pub(in crate::wire) async fn get_url(call: Call) -> Result<Value, WireError> {
    let get: GetUrl = parameters(&call.body)?;
    let name = required("QueueName", get.queue_name)?;
    let ours = get.owner.is_none_or(|owner| owner == call.site.account);
    if !ours || !call.site.has_queue(&name) {
        return Err(does_not_exist());
    }
    let host = match call.host.filter(|host| is_plain_host(host)) {
        Some(host) => host,
        None => call.site.address.to_string(),
    };
    Ok(json!({ "QueueUrl": format!("http://{host}/{}/{name}", call.site.account) }))
}

/// SQS's answer to the name of no queue.
pub(super) fn does_not_exist() -> WireError {
    WireError::new("QueueDoesNotExist", "The specified queue does not exist.")
        .with_query_code("AWS.SimpleQueueService.NonExistentQueue")
}

/// The names of all queues: four for each target, one of them for dead letters.
pub(crate) fn queue_names(config: &Config) -> Vec<String> {
    let mut names = Vec::new();
    for target in config.targets.values() {
        names.extend(Priority::ALL.map(|priority| target.queue(priority)));
        names.push(target.dead_queue());
    }
    names
}

/// Whether a `Host` header can stand in a URL as it is.
fn is_plain_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || b"-._:[]".contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::is_plain_host;

    #[test]
    fn a_host_header_is_echoed_only_when_it_is_a_plain_host() {
        assert!(is_plain_host("localhost:4566"));
        assert!(is_plain_host("[::1]:4566"));
        assert!(!is_plain_host(""));
        assert!(!is_plain_host("evil.example/\"x"));
        assert!(!is_plain_host("user@evil.example"));
    }
}
