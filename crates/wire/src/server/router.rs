//! The HTTP side: the order in which a request is read, its sender checked and its operation called.
//! Every response, even to nonsense, is an AWS response with a request id.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use rampmeter_engine::Actor;
use serde_json::Value;
use uuid::Uuid;

use super::access::Access;
use super::{browser, health, origin, request};
use crate::operation::{Call, Caller, Operation, Right, Site};
use crate::peer::Peer;
use crate::protocol::Protocol;
use crate::protocol::body::{self, ReadBody};
use crate::protocol::error::WireError;
use crate::protocol::json::json_response;
use crate::protocol::query;
use crate::protocol::service::Service;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// What is behind the port: what is served, and who is admitted.
#[derive(Debug)]
struct Api {
    site: Arc<Site>,
    access: Access,
}

/// The wire API as a router. It has one route, because AWS names operations in a header or in a form.
pub fn router(site: Arc<Site>, access: Access) -> Router {
    let api = Arc::new(Api { site, access });
    Router::new().fallback(answer).with_state(api)
}

/// What determines the form of a response, as far as it is known.
#[derive(Debug, Clone, Copy)]
struct Named {
    protocol: Protocol,
    service: Option<Service>,
}

impl Named {
    fn of(head: &Parts) -> Named {
        Named::by(Protocol::of(head), head)
    }

    fn by(protocol: Protocol, head: &Parts) -> Named {
        Named {
            protocol,
            service: request::named_service(head, protocol),
        }
    }
}

async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    let id = Uuid::new_v4().to_string();
    let (head, body) = request.into_parts();
    let mut response = if health::is_asked(&head) {
        json_response(StatusCode::OK, &health::answer())
    } else {
        let mut named = Named::of(&head);
        match perform(&api, &head, body, &mut named, &id).await {
            Ok((operation, value)) => answered(named.protocol, operation, &value, &id),
            Err(error) => refused(named, &error, &id),
        }
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Reads, checks and calls. `named` is set as soon as more is known, for the form of an error.
async fn perform(
    api: &Api,
    head: &Parts,
    body: Body,
    named: &mut Named,
    id: &str,
) -> Result<(&'static Operation, Value), WireError> {
    browser::refuse(head, api.access.is_open())?;
    let (asked, body) = match named.protocol {
        Protocol::Json => {
            let asked = request::of_json(head)?;
            let bound = asked.operation.service.longest_request(Protocol::Json);
            (asked, body::read(body, bound).await?)
        }
        Protocol::Query => {
            let bound = Service::Sqs.longest_request(Protocol::Query);
            let body = body::read(body, bound).await?;
            if request::is_json_called_a_form(head, &body.bytes) {
                *named = Named::by(Protocol::Json, head);
                (request::of_json(head)?, body)
            } else {
                (request::of_query(head, &body.bytes)?, body)
            }
        }
    };
    // Held until the response is ready.
    let ReadBody {
        bytes: body,
        share: _share,
    } = body;
    let operation = asked.operation;
    named.service = Some(operation.service);
    browser::refuse_change(head, operation.right, api.access.is_open())?;
    let caller = api.access.admit(head, &body, operation, Timestamp::now())?;
    tracing::debug!(request = %id, operation = operation.name, right = ?operation.right, "request");
    let parameters = asked.parameters(body)?;
    api.access.admit_names(&caller, operation, &parameters)?;
    let site = on_behalf_of(&api.site, head, &caller, operation);
    let call = Call {
        site,
        body: parameters,
        origin: origin::of(head, api.site.scheme, api.site.address),
        caller,
        trace_header: request::trace_header(head),
    };
    Ok((operation, (operation.handler)(call).await?))
}

/// What is served, on behalf of whoever asks for a change. Where no signature is required, an intervention is recorded
/// with the address that it came from; what programs send by the thousand is not recorded.
fn on_behalf_of(
    site: &Arc<Site>,
    head: &Parts,
    caller: &Caller,
    operation: &Operation,
) -> Arc<Site> {
    let access_key_id = caller.access_key_id().map(str::to_owned);
    let named = match operation.right {
        Right::Operate => true,
        Right::Send => access_key_id.is_some(),
        Right::Identify | Right::Read | Right::Receive | Right::Report => false,
    };
    if !named {
        return Arc::clone(site);
    }
    let actor = Actor {
        access_key_id,
        peer: head.extensions.get::<Peer>().map(Peer::to_string),
        ..Actor::default()
    };
    if operation.right == Right::Operate {
        tracing::info!(by = %actor, operation = operation.name, "asked for a change");
    }
    Arc::new(site.on_behalf_of(actor))
}

fn answered(protocol: Protocol, operation: &Operation, value: &Value, id: &str) -> Response {
    match protocol {
        Protocol::Json => json_response(StatusCode::OK, value),
        Protocol::Query => xml_response(
            StatusCode::OK,
            query::answer(operation.service, operation.name, value, id),
        ),
    }
}

fn refused(named: Named, error: &WireError, id: &str) -> Response {
    tracing::debug!(request = %id, error = error.name, message = %error.message, "refused");
    let mut response = match named.protocol {
        Protocol::Json => error.to_json_response(named.service),
        Protocol::Query => xml_response(error.status, query::error(named.service, error, id)),
    };
    if error.status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = HeaderValue::from_static("GET, POST");
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

fn xml_response(status: StatusCode, document: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(document));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, XML);
    response
}
