//! The entries of a batch, and the response: what succeeded and what failed, each entry by its id.

use rampmeter_engine::BatchAnswer;
use serde_json::{Map, Value, json};

use super::parameter::missing;
use crate::protocol::error::WireError;

/// The entries of a batch, each with its id.
pub(super) fn entries<E, T>(
    entries: Option<Vec<E>>,
    take: impl Fn(E) -> Result<(Option<String>, T), WireError>,
) -> Result<Vec<(String, T)>, WireError> {
    entries
        .unwrap_or_default()
        .into_iter()
        .map(|entry| {
            let (id, entry) = take(entry)?;
            // An empty id is not a missing one: the engine refuses it as it refuses other bad ids.
            Ok((id.ok_or_else(|| missing("Id"))?, entry))
        })
        .collect()
}

/// The response, with the members that `show` gives for what succeeded. AWS omits an empty list.
pub(super) fn answer<T>(
    answer: BatchAnswer<T>,
    show: impl Fn(&T, &mut Map<String, Value>),
) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, result) in answer {
        match result {
            Ok(done) => {
                let mut entry = Map::from_iter([("Id".to_owned(), Value::from(id))]);
                show(&done, &mut entry);
                successful.push(Value::Object(entry));
            }
            Err(rejected) => {
                let error = WireError::from(rejected);
                failed.push(json!({
                    "Id": id,
                    "SenderFault": !error.status.is_server_error(),
                    "Code": error.query_code(),
                    "Message": error.message,
                }));
            }
        }
    }
    let mut answer = json!({});
    for (name, list) in [("Successful", successful), ("Failed", failed)] {
        if !list.is_empty() {
            answer[name] = Value::from(list);
        }
    }
    answer
}
