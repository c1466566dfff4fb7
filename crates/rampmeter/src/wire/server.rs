//! The HTTP side: which operation a request asks for, and the checks that come before any operation.
//! Every answer, also to nonsense, is an AWS answer with a request id.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, HOST, ORIGIN};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use rampmeter_engine::Engine;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body;
use super::error::WireError;
use super::json::json_response;
use super::operation::{Call, OPERATIONS, Operation, Service, find, printable, services};
use crate::loopback;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// The path that scripts made for LocalStack wait on.
const HEALTH: &str = "/_localstack/health";

/// What the wire API serves.
#[derive(Debug)]
pub(crate) struct Site {
    /// The engine behind it.
    pub(crate) engine: Engine,
    /// The address it listens on.
    pub(crate) address: SocketAddr,
    /// The twelve digits of the account.
    pub(crate) account: String,
}

/// The wire API as a router. It has one route, because AWS JSON names its operations in a header.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new().fallback(answer).with_state(site)
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let id = Uuid::new_v4().to_string();
    let service = named_service(&request);
    let mut response = match route(&site, service, request, &id).await {
        Ok(value) => json_response(StatusCode::OK, &value),
        Err(error) => {
            tracing::debug!(request = %id, error = error.name, message = %error.message, "refused");
            let allow = error.status == StatusCode::METHOD_NOT_ALLOWED;
            let mut response = error.into_response(service);
            if allow {
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("POST"));
            }
            response
        }
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn route(
    site: &Arc<Site>,
    service: Option<Service>,
    request: Request,
    id: &str,
) -> Result<Value, WireError> {
    refuse_foreign_origin(&request)?;
    if request.method() == Method::GET && request.uri().path() == HEALTH {
        return Ok(health());
    }
    if request.method() != Method::POST {
        return Err(
            WireError::new("MethodNotAllowed", "The AWS wire API takes POST only.")
                .with_status(StatusCode::METHOD_NOT_ALLOWED),
        );
    }
    let operation = named_operation(&request, service)?;
    check_path(request.uri().path(), operation.service)?;
    let host = text_header(&request, &HOST).map(str::to_owned);
    let body = body::read(request.into_body(), operation.service.longest_request()).await?;
    tracing::debug!(request = %id, operation = operation.name, right = ?operation.right, "request");
    (operation.handler)(Call {
        site: Arc::clone(site),
        body,
        host,
    })
    .await
}

/// A web page that has bound its name to a loopback address could reach this port from a browser. Browsers send the
/// page's origin with every POST; AWS clients send none.
fn refuse_foreign_origin(request: &Request) -> Result<(), WireError> {
    match request.headers().get(ORIGIN) {
        Some(origin) if !loopback::is_loopback_origin(origin.as_bytes()) => Err(WireError::new(
            "AccessDeniedException",
            "Requests of web pages are not served.",
        )
        .with_status(StatusCode::FORBIDDEN)),
        _ => Ok(()),
    }
}

fn named_service(request: &Request) -> Option<Service> {
    let (prefix, _) = text_header(request, &TARGET)?.split_once('.')?;
    Service::from_target_prefix(prefix)
}

fn named_operation(
    request: &Request,
    service: Option<Service>,
) -> Result<&'static Operation, WireError> {
    let Some(target) = text_header(request, &TARGET) else {
        return Err(WireError::unknown_operation(format!(
            "The request has no X-Amz-Target header: only AWS JSON 1.0 is served, for {}.",
            services()
        )));
    };
    let (Some(service), Some((_, name))) = (service, target.split_once('.')) else {
        return Err(WireError::unknown_operation(format!(
            "The service of {} is not served here. Served: {}.",
            printable(target),
            services()
        )));
    };
    find(service, name)
}

/// AWS JSON is posted to `/`. Some SQS clients post to the path of the queue URL instead.
fn check_path(path: &str, service: Service) -> Result<(), WireError> {
    if path == "/" || (service == Service::Sqs && is_queue_path(path)) {
        return Ok(());
    }
    Err(WireError::unknown_operation(format!(
        "Nothing is served at the path {}; send the request to /.",
        printable(path)
    ))
    .with_status(StatusCode::NOT_FOUND))
}

fn is_queue_path(path: &str) -> bool {
    let Some((account, queue)) = path.strip_prefix('/').and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    account.len() == 12
        && account.bytes().all(|letter| letter.is_ascii_digit())
        && (1..=80).contains(&queue.len())
        && queue
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter))
}

fn text_header<'a>(request: &'a Request, name: &HeaderName) -> Option<&'a str> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
}

fn health() -> Value {
    let operations: Vec<_> = OPERATIONS
        .iter()
        .map(|operation| format!("{}.{}", operation.service.target_prefix(), operation.name))
        .collect();
    json!({
        "services": { "stepfunctions": "running", "sqs": "running" },
        "edition": "rampmeter",
        "version": env!("CARGO_PKG_VERSION"),
        "operations": operations,
    })
}
