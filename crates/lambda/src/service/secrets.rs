//! The secrets that the target's configuration names, from Secrets Manager or, where the name begins with `/`, from the
//! Parameter Store. An environment keeps them for a time, so that a call costs no request and a rotation is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use thiserror::Error;

use crate::service::signed::{PARAMETERS, Request, SECRETS, Service, Signed, SignedError};

/// How long secrets are kept.
pub(crate) const KEPT: Duration = Duration::from_secs(300);

/// A secret cannot be read. Its name may be shown.
#[derive(Debug, Error)]
pub(crate) enum SecretError {
    #[error("the secret {name} cannot be read: {error}")]
    Unreadable { name: String, error: SignedError },
    #[error("the secret {name} has no text: binary secrets are not served")]
    NoText { name: String },
}

/// Values of secrets by name, and when they were read.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) values: BTreeMap<String, String>,
    read_at: Instant,
}

impl Secrets {
    /// Reads all of these.
    pub(crate) async fn read(
        signed: &Signed,
        names: &BTreeSet<String>,
    ) -> Result<Secrets, SecretError> {
        let mut values = BTreeMap::new();
        for name in names {
            values.insert(name.clone(), read(signed, name).await?);
        }
        Ok(Secrets {
            values,
            read_at: Instant::now(),
        })
    }

    pub(crate) fn are_stale(&self) -> bool {
        self.read_at.elapsed() >= KEPT
    }
}

async fn read(signed: &Signed, name: &str) -> Result<String, SecretError> {
    let (service, target, body, place) = lookup(name);
    let request = Request {
        service,
        method: Method::POST,
        path: "/".to_owned(),
        target: Some(target),
        body: Some(body),
    };
    let reply = signed.send(&request).await;
    let reply = reply.map_err(|error| SecretError::Unreadable {
        name: name.to_owned(),
        error,
    })?;
    let text = reply.pointer(place).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| SecretError::NoText {
        name: name.to_owned(),
    })
}

/// Which service has a secret, the operation and its parameters, and where the response holds the value.
fn lookup(name: &str) -> (Service, &'static str, Value, &'static str) {
    if name.starts_with('/') {
        let body = json!({"Name": name, "WithDecryption": true});
        (
            PARAMETERS,
            "AmazonSSM.GetParameter",
            body,
            "/Parameter/Value",
        )
    } else {
        let body = json!({"SecretId": name});
        (
            SECRETS,
            "secretsmanager.GetSecretValue",
            body,
            "/SecretString",
        )
    }
}
