//! The call message: what a workflow, or any SQS client, drops into a queue of a target. It has the member names
//! of the Step Functions HTTP Task. A message is checked as a whole before it may wait, and what is wrong with
//! it is a sentence for whoever wrote it.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::request::header::{self, HeaderError};
use crate::request::path::PathError;
use crate::request::{Account, METHODS, Request, RequestError};
use crate::suggestion;

/// A call as its message describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallMessage {
    /// Task token of the workflow that waits; none if no workflow does.
    pub task_token: Option<String>,
    /// What to send. Its `idempotency_key` is empty until [`CallMessage::into_request`].
    pub request: Request,
    /// Business key, to search by.
    pub key: Option<String>,
    /// At most one call of this key is in flight in the target, in the order of sending within a priority.
    pub ordering_key: Option<String>,
    /// Identifies the call to the vendor; if it is absent, the host makes one.
    pub idempotency_key: Option<String>,
    /// JSONPath of the part of a successful answer's body that is passed on, instead of the target's.
    pub response_selector: Option<String>,
}

/// The maximum length of `Key`, `OrderingKey` and `IdempotencyKey`, in bytes: what vendors accept as an
/// idempotency key.
pub const MAX_KEY_BYTES: usize = 255;

/// Members of a message.
const MEMBERS: [&str; 12] = [
    "TaskToken",
    "Method",
    "Endpoint",
    "Path",
    "ApiEndpoint",
    "QueryParameters",
    "Headers",
    "RequestBody",
    "Key",
    "OrderingKey",
    "IdempotencyKey",
    "ResponseSelector",
];

/// Why a message is not a call. If the message holds a task token, [`InvalidMessage::task_token`] gives it back,
/// so that the task can be failed with `Rampmeter.InvalidMessage`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct InvalidMessage {
    reason: Reason,
    task_token: Option<String>,
}

/// What is wrong with a message.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is not JSON.
    #[error("the message is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but not an object.
    #[error("the message must be a JSON object")]
    NotAnObject,
    /// A required member is missing.
    #[error("the message has no {0}")]
    MissingField(&'static str),
    /// A member has the wrong type.
    #[error("{field} must be {expected}")]
    WrongType {
        /// The member.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A member that no message has.
    #[error("the message has an unknown member {field}{}", did_you_mean(*.near))]
    UnknownField {
        /// The member, shortened if long.
        field: String,
        /// The member that was probably meant.
        near: Option<&'static str>,
    },
    /// A member about sign-in, which belongs to the target.
    #[error("{0} is not taken from a message: how a call signs in is the target's configuration")]
    NotFromMessage(&'static str),
    /// A key is empty, too long or cannot be sent.
    #[error("{0} must be 1 to {MAX_KEY_BYTES} bytes without control characters")]
    BadKey(&'static str),
    /// Both `Endpoint` and `ApiEndpoint` are given.
    #[error(
        "the message has both Endpoint and ApiEndpoint; a whole URL says by itself which endpoint it is of"
    )]
    EndpointTwice,
    /// The target has no endpoint of this name.
    #[error("{}", no_endpoint(.name, .target, .served))]
    UnknownEndpoint {
        /// The name in quotes, shortened if long.
        name: String,
        /// The target.
        target: String,
        /// The endpoints that it has.
        served: Vec<String>,
    },
    /// Both `Path` and `ApiEndpoint` are given.
    #[error("the message has both Path and ApiEndpoint; one of them says where the call goes")]
    PathAndEndpoint,
    /// `ApiEndpoint` is not below the target's base URL.
    #[error("ApiEndpoint does not lie below the base_url of target {target}{}", if *.has_endpoints { ", nor of one of its endpoints" } else { "" })]
    AnotherHost {
        /// The target.
        target: String,
        /// Whether it has endpoints beside its base URL.
        has_endpoints: bool,
    },
    /// The method is not supported.
    #[error("Method must be one of {}", METHODS.join(", "))]
    BadMethod,
    /// The path is refused.
    #[error("Path is refused: {0}")]
    BadPath(PathError),
    /// A header is refused.
    #[error("Headers is refused: {0}")]
    BadHeader(HeaderError),
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default()
}

fn no_endpoint(name: &str, target: &str, served: &[String]) -> String {
    if served.is_empty() {
        return format!(
            "target {target} has no endpoint {name}: it has none beside its base_url; [targets.{target}.endpoints.NAME] makes one"
        );
    }
    let written = name.trim_matches('"');
    match suggestion::nearest(written, served.iter().map(String::as_str)) {
        Some(near) => {
            format!("target {target} has no endpoint {name}; did you mean {near}?")
        }
        None => format!(
            "target {target} has no endpoint {name}; it has {}",
            served.join(", ")
        ),
    }
}

impl InvalidMessage {
    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The task token of the message, if one could be read.
    #[must_use]
    pub fn task_token(&self) -> Option<&str> {
        self.task_token.as_deref()
    }
}

impl CallMessage {
    /// Reads the body of a queue message for an account.
    ///
    /// # Errors
    /// See [`Reason`].
    pub fn parse(body: &str, account: &Account) -> Result<CallMessage, InvalidMessage> {
        match serde_json::from_str(body) {
            Ok(value) => CallMessage::from_value(&value, account),
            Err(error) => {
                let reason = Reason::NotJson(error.to_string());
                Err(InvalidMessage {
                    reason,
                    task_token: None,
                })
            }
        }
    }

    /// Reads a message that is already JSON for an account.
    ///
    /// # Errors
    /// See [`Reason`].
    pub fn from_value(value: &Value, account: &Account) -> Result<CallMessage, InvalidMessage> {
        let task_token = value
            .get("TaskToken")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty());
        read(value, account).map_err(|reason| InvalidMessage {
            reason,
            task_token: task_token.map(str::to_owned),
        })
    }

    /// The call itself, under the message's own idempotency key or, if it has none, the given one.
    #[must_use]
    pub fn into_request(self, otherwise: impl Into<String>) -> Request {
        let idempotency_key = self.idempotency_key.unwrap_or_else(|| otherwise.into());
        Request {
            idempotency_key,
            ..self.request
        }
    }
}

fn read(value: &Value, account: &Account) -> Result<CallMessage, Reason> {
    let members = value.as_object().ok_or(Reason::NotAnObject)?;
    refuse_unknown(members)?;
    let task_token = text(members, "TaskToken")?;
    if task_token.is_some_and(str::is_empty) {
        return Err(Reason::WrongType {
            field: "TaskToken",
            expected: "a task token",
        });
    }
    let method = text(members, "Method")?.ok_or(Reason::MissingField("Method"))?;
    let (endpoint, path) = place_of(members, account)?;
    let request = Request {
        method: method.to_owned(),
        endpoint,
        path,
        query: pairs(members, "QueryParameters")?,
        headers: pairs(members, "Headers")?,
        body: present(members, "RequestBody").cloned(),
        idempotency_key: String::new(),
    };
    request.check(account).map_err(|error| match error {
        RequestError::Method(_) => Reason::BadMethod,
        RequestError::Endpoint(name) => unknown_endpoint(&name, account),
        RequestError::Path(error) => Reason::BadPath(error),
        RequestError::Header(error) => Reason::BadHeader(error),
    })?;
    Ok(CallMessage {
        task_token: task_token.map(str::to_owned),
        request,
        key: key(members, "Key")?,
        ordering_key: key(members, "OrderingKey")?,
        idempotency_key: key(members, "IdempotencyKey")?,
        response_selector: text(members, "ResponseSelector")?.map(str::to_owned),
    })
}

fn refuse_unknown(members: &Map<String, Value>) -> Result<(), Reason> {
    for name in members.keys() {
        match name.as_str() {
            "Authentication" => return Err(Reason::NotFromMessage("Authentication")),
            "InvocationConfig" => return Err(Reason::NotFromMessage("InvocationConfig")),
            name if MEMBERS.contains(&name) => {}
            name => {
                let near = suggestion::nearest(name, MEMBERS);
                let field = name.chars().take(40).flat_map(char::escape_debug).collect();
                return Err(Reason::UnknownField { field, near });
            }
        }
    }
    Ok(())
}

/// A member that is present and not null: JSONPath results of absent data are null.
fn present<'a>(members: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    members.get(field).filter(|value| !value.is_null())
}

fn text<'a>(
    members: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'a str>, Reason> {
    match present(members, field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::WrongType {
            field,
            expected: "a text",
        }),
    }
}

/// A key; a number counts as its text, because order numbers are often numbers in the data.
fn key(members: &Map<String, Value>, field: &'static str) -> Result<Option<String>, Reason> {
    let key = match present(members, field) {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => {
            return Err(Reason::WrongType {
                field,
                expected: "a text or a number",
            });
        }
    };
    if key.is_empty() || key.len() > MAX_KEY_BYTES || key.chars().any(char::is_control) {
        return Err(Reason::BadKey(field));
    }
    Ok(Some(key))
}

/// The endpoint that a call goes to, and its path below that endpoint's base URL.
fn place_of(
    members: &Map<String, Value>,
    account: &Account,
) -> Result<(Option<String>, String), Reason> {
    let endpoint = text(members, "Endpoint")?;
    match (text(members, "Path")?, text(members, "ApiEndpoint")?) {
        (Some(path), None) => match endpoint.map(|name| (name, account.place(Some(name)))) {
            Some((name, None)) => Err(unknown_endpoint(&header::shown(name), account)),
            _ => Ok((endpoint.map(str::to_owned), path.to_owned())),
        },
        (None, Some(_)) if endpoint.is_some() => Err(Reason::EndpointTwice),
        (None, Some(url)) => match account.locate(url) {
            Ok((place, path)) => Ok((place.endpoint.clone(), path)),
            Err(PathError::AnotherHost) => Err(Reason::AnotherHost {
                target: account.target.clone(),
                has_endpoints: !account.endpoints.is_empty(),
            }),
            Err(error) => Err(Reason::BadPath(error)),
        },
        (Some(_), Some(_)) => Err(Reason::PathAndEndpoint),
        (None, None) => Err(Reason::MissingField("Path")),
    }
}

fn unknown_endpoint(name: &str, account: &Account) -> Reason {
    Reason::UnknownEndpoint {
        name: name.to_owned(),
        target: account.target.clone(),
        served: account.endpoints.keys().cloned().collect(),
    }
}

/// Names with a text, a number, true or false, or a list of those; a name with a list repeats.
fn pairs(
    members: &Map<String, Value>,
    field: &'static str,
) -> Result<Vec<(String, String)>, Reason> {
    let wrong = || Reason::WrongType {
        field,
        expected: "an object of texts, numbers, true or false, or lists of them",
    };
    let mut pairs = Vec::new();
    let Some(object) = present(members, field) else {
        return Ok(pairs);
    };
    for (name, value) in object.as_object().ok_or_else(wrong)? {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            pairs.push((name.clone(), scalar(value).ok_or_else(wrong)?));
        }
    }
    Ok(pairs)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
