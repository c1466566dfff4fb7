//! Who sends a request, and what they may do. With `[server] credentials` every request must carry a valid signature by
//! one of them, and a credential may do what its rights allow. Without, anybody who reaches the port may do everything,
//! so the server then listens only on loopback.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use rampmeter_config::{Config, Credential, CredentialRight};
use serde_json::Value;

use super::scope;
use crate::operation::{Caller, Operation, Right};
use crate::protocol::error::WireError;
use crate::protocol::service::Service;
use crate::sigv4::{self, Claim, Expected, Message, Refused};

/// How the access key ids of real AWS accounts begin: long-lived ones, and temporary ones.
const AWS_KEYS: [&str; 2] = ["AKIA", "ASIA"];

/// Who may do what.
#[derive(Debug)]
pub struct Access {
    /// By access key id.
    credentials: BTreeMap<String, Credential>,
    region: String,
    account: String,
    /// The targets of the configuration; the scopes of credentials may name them.
    targets: Vec<String>,
    /// Whether a server that requires no signature accepts requests with a key of AWS.
    allow_aws_keys: bool,
}

impl Access {
    /// Access as the configuration says.
    #[must_use]
    pub fn new(config: &Config) -> Access {
        let server = &config.server;
        let credentials = server.credentials.iter();
        Access {
            credentials: credentials
                .map(|one| (one.access_key_id.clone(), one.clone()))
                .collect(),
            region: server.region.clone(),
            account: server.account.clone(),
            targets: config.targets.keys().cloned().collect(),
            allow_aws_keys: server.allow_aws_keys,
        }
    }

    /// Whether no signature is required.
    pub(crate) fn is_open(&self) -> bool {
        self.credentials.is_empty()
    }

    /// Admits a request, or says why not.
    pub(crate) fn admit(
        &self,
        head: &Parts,
        body: &[u8],
        operation: &Operation,
        now: Timestamp,
    ) -> Result<Caller, WireError> {
        let message = Message {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body,
        };
        let claim = Claim::read(&message);
        if self.is_open() {
            self.refuse_key_of_aws(claim.ok().as_ref(), operation.service)?;
            return Ok(Caller::anybody());
        }
        let credential = claim.and_then(|claim| self.verified(&message, &claim, operation, now));
        let credential = credential.map_err(|why| refusal(&why, operation.service))?;
        if !allows(credential, operation.right) {
            return Err(self.denied(credential, operation));
        }
        Ok(Caller::with_key(credential.access_key_id.clone()))
    }

    /// Checks that a request may reach what it names, or says why not. `parameters`: as JSON.
    pub(crate) fn admit_names(
        &self,
        caller: &Caller,
        operation: &Operation,
        parameters: &[u8],
    ) -> Result<(), WireError> {
        let credential = caller
            .access_key_id()
            .and_then(|key| self.credentials.get(key));
        let Some((credential, scope)) = credential.and_then(|one| Some((one, one.scope.as_ref()?)))
        else {
            return Ok(());
        };
        // What is not JSON names nothing.
        let parameters: Value = serde_json::from_slice(parameters).unwrap_or_default();
        if scope::reaches(scope, &self.targets, operation, &parameters) {
            return Ok(());
        }
        Err(self.forbidden(
            credential,
            operation,
            "what it names is not within the queues, workflows and targets of its credential in [server] credentials",
        ))
    }

    fn verified(
        &self,
        message: &Message<'_>,
        claim: &Claim,
        operation: &Operation,
        now: Timestamp,
    ) -> Result<&Credential, Refused> {
        // Temporary credentials are AWS's; there are none here.
        if message.headers.contains_key(sigv4::SECURITY_TOKEN) {
            return Err(Refused::UnknownKey);
        }
        let credential = self.credentials.get(&claim.access_key_id);
        let credential = credential.ok_or(Refused::UnknownKey)?;
        let expected = Expected {
            region: &self.region,
            service: operation.service.signing_name(),
            now,
        };
        sigv4::check(message, claim, credential.secret.expose(), &expected)?;
        Ok(credential)
    }

    /// A key of a real account does not belong here: it was not meant for this server, and its owner should know.
    fn refuse_key_of_aws(&self, claim: Option<&Claim>, service: Service) -> Result<(), WireError> {
        let of_aws = |key: &str| AWS_KEYS.iter().any(|start| key.starts_with(start));
        if self.allow_aws_keys || !claim.is_some_and(|claim| of_aws(&claim.access_key_id)) {
            return Ok(());
        }
        let mut error = refusal(&Refused::UnknownKey, service);
        "The access key id looks like that of a real AWS account, which this server is not. Use another, such as AWS_ACCESS_KEY_ID=test, or set [server] allow_aws_keys = true."
            .clone_into(&mut error.message);
        Err(error)
    }

    fn denied(&self, credential: &Credential, operation: &Operation) -> WireError {
        let right = needed(operation.right).map_or("", CredentialRight::as_str);
        let why = format!("its rights in [server] credentials do not include \"{right}\"");
        self.forbidden(credential, operation, &why)
    }

    fn forbidden(&self, credential: &Credential, operation: &Operation, why: &str) -> WireError {
        let service = operation.service;
        let message = format!(
            "User: arn:aws:iam::{}:user/{} is not authorized to perform: {}:{} because {why}",
            self.account,
            credential.access_key_id,
            service.signing_name(),
            operation.name,
        );
        WireError::new("AccessDeniedException", message)
            .with_query_code("AccessDenied")
            .with_status(forbidden(service))
    }
}

/// The right of a credential that an operation needs; `None` for an operation that everybody may use.
pub(crate) fn needed(right: Right) -> Option<CredentialRight> {
    match right {
        Right::Identify => None,
        Right::Read => Some(CredentialRight::Read),
        // Whoever reports on a task holds its task token, which they were given.
        Right::Send | Right::Report => Some(CredentialRight::Send),
        Right::Receive | Right::Operate => Some(CredentialRight::Operate),
    }
}

fn allows(credential: &Credential, right: Right) -> bool {
    needed(right).is_none_or(|right| {
        credential
            .rights
            .iter()
            .any(|held| *held == right || *held == CredentialRight::Operate)
    })
}

/// Step Functions answers refusals with 400, SQS and STS with 403.
fn forbidden(service: Service) -> StatusCode {
    match service {
        Service::States => StatusCode::BAD_REQUEST,
        Service::Sqs | Service::Sts => StatusCode::FORBIDDEN,
    }
}

/// AWS's names for what is wrong with a signature, in both protocols.
fn refusal(refused: &Refused, service: Service) -> WireError {
    const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
    let (name, code, status, message) = match refused {
        Refused::Missing => (
            "MissingAuthenticationTokenException",
            "MissingAuthenticationToken",
            forbidden(service),
            "Request is missing Authentication Token",
        ),
        Refused::Incomplete(why) => (
            "IncompleteSignatureException",
            "IncompleteSignature",
            StatusCode::BAD_REQUEST,
            why.as_str(),
        ),
        Refused::UnknownKey => (
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            forbidden(service),
            "The security token included in the request is invalid.",
        ),
        Refused::Scope(why) => (
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            forbidden(service),
            why.as_str(),
        ),
        Refused::Expired(why) => (
            "InvalidSignatureException",
            "RequestExpired",
            StatusCode::BAD_REQUEST,
            why.as_str(),
        ),
        Refused::Mismatch => (
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            forbidden(service),
            MISMATCH,
        ),
    };
    WireError::new(name, message)
        .with_query_code(code)
        .with_status(status)
}
