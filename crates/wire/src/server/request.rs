//! Which operation a request asks for, and with which parameters, in either protocol. The sender is not checked yet.

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode};

use super::origin::queue_of_path;
use crate::operation::Operation;
use crate::protocol::error::WireError;
use crate::protocol::error::printable;
use crate::protocol::query::{self, Form};
use crate::protocol::service::{Service, services};
use crate::protocol::{Protocol, TARGET};
use crate::table::find;

/// The trace to which a request belongs.
const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");
/// The longest trace header that is kept, in bytes; AWS's own have less than 200.
const MAX_TRACE_BYTES: usize = 1_024;

/// The service that a request names, as far as its head says; enough to put an error in the right form.
pub(crate) fn named_service(head: &Parts, protocol: Protocol) -> Option<Service> {
    match protocol {
        Protocol::Json => {
            let (prefix, _) = text_header(head, &TARGET)?.split_once('.')?;
            Service::from_target_prefix(prefix)
        }
        Protocol::Query => None,
    }
}

/// The trace to which a request belongs, which the SDKs name in every request of a traced function.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-x-ray.html>
pub(crate) fn trace_header(head: &Parts) -> Option<String> {
    let header = text_header(head, &TRACE)?;
    let sound = (1..=MAX_TRACE_BYTES).contains(&header.len()) && header.starts_with("Root=");
    sound.then(|| header.to_owned())
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The operation.
    pub(crate) operation: &'static Operation,
    /// Its parameters, unless they are the body as it is.
    form: Option<Form>,
}

impl Asked {
    /// The parameters as JSON.
    pub(crate) fn parameters(self, body: Vec<u8>) -> Result<Vec<u8>, WireError> {
        match self.form {
            None => Ok(body),
            Some(form) => Ok(query::to_json(&form)?.to_string().into_bytes()),
        }
    }
}

/// Whether a body is AWS JSON although its type says that it is a form, as `curl -d` always does.
pub(crate) fn is_json_called_a_form(head: &Parts, body: &[u8]) -> bool {
    head.headers.contains_key(TARGET) && body.trim_ascii_start().starts_with(b"{")
}

/// Reads an operation of AWS JSON from its head.
pub(crate) fn of_json(head: &Parts) -> Result<Asked, WireError> {
    if head.method != Method::POST {
        return Err(method_not_allowed());
    }
    let Some(target) = text_header(head, &TARGET) else {
        return Err(WireError::unknown_operation(format!(
            "The request has neither an X-Amz-Target header nor an Action. Served: {}.",
            services()
        )));
    };
    let service = named_service(head, Protocol::Json);
    let (Some(service), Some((_, name))) = (service, target.split_once('.')) else {
        return Err(not_served(target));
    };
    let operation = find(service, name)?;
    check_path(head.uri.path(), service)?;
    Ok(Asked {
        operation,
        form: None,
    })
}

/// Reads an operation of the Query protocol from its URL and its body.
pub(crate) fn of_query(head: &Parts, body: &[u8]) -> Result<Asked, WireError> {
    if head.method != Method::POST && head.method != Method::GET {
        return Err(method_not_allowed());
    }
    let mut form = Form::default();
    form.add(head.uri.query().unwrap_or_default())?;
    let body = std::str::from_utf8(body)
        .map_err(|_| WireError::new("MalformedQueryString", "The request body is not UTF-8."))?;
    form.add(body.trim_end_matches(['\r', '\n']))?;
    let Some(action) = form.get("Action") else {
        return Err(WireError::new(
            "MissingAction",
            "The request must contain the parameter Action.",
        ));
    };
    let service = queried_service(head, &form)?;
    let operation = find(service, action)?;
    check_path(head.uri.path(), service)?;
    if let Some(queue) = queue_of_path(head.uri.path()) {
        form.fill("QueueUrl", queue);
    }
    Ok(Asked {
        operation,
        form: Some(form),
    })
}

/// The service of a request of the Query protocol: that of its credential, else that of its API version.
fn queried_service(head: &Parts, form: &Form) -> Result<Service, WireError> {
    if let Some(scope) = signing_name(head, form) {
        return match Service::from_signing_name(&scope) {
            Some(Service::States) | None => Err(not_served(&scope)),
            Some(service) => Ok(service),
        };
    }
    match form.get("Version") {
        Some("2011-06-15") => Ok(Service::Sts),
        Some("2012-11-05") => Ok(Service::Sqs),
        None if form.get("Action") == Some("GetCallerIdentity") => Ok(Service::Sts),
        None => Ok(Service::Sqs),
        Some(other) => Err(WireError::new(
            "NoSuchVersion",
            format!(
                "Version {} is not served. Served: 2012-11-05 of SQS and 2011-06-15 of STS.",
                printable(other)
            ),
        )),
    }
}

/// The service in the scope of the credential, which has the form `KEY/DATE/REGION/SERVICE/aws4_request`.
fn signing_name(head: &Parts, form: &Form) -> Option<String> {
    let header = head.headers.get(axum::http::header::AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let credential = header
        .and_then(|value| value.split_once("Credential="))
        .and_then(|(_, rest)| rest.split([',', ' ']).next())
        .or_else(|| form.get("X-Amz-Credential"))?;
    credential.split('/').rev().nth(1).map(str::to_owned)
}

/// Requests are sent to `/`; those to SQS also to the path of a queue URL.
fn check_path(path: &str, service: Service) -> Result<(), WireError> {
    if path == "/" || (service == Service::Sqs && queue_of_path(path).is_some()) {
        return Ok(());
    }
    Err(WireError::unknown_operation(format!(
        "Nothing is served at the path {}; send the request to /.",
        printable(path)
    ))
    .with_status(StatusCode::NOT_FOUND))
}

fn not_served(named: &str) -> WireError {
    WireError::unknown_operation(format!(
        "The service of {} is not served here. Served: {}.",
        printable(named),
        services()
    ))
}

fn method_not_allowed() -> WireError {
    WireError::new(
        "MethodNotAllowed",
        "The AWS wire API takes POST, and GET for actions of the Query protocol.",
    )
    .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

fn text_header<'a>(head: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}
