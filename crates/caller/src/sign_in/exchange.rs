//! One request for an access token and what its answer means. It is made once: whether and when it is made
//! again is decided in `access`.

use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method};
use thiserror::Error;

use super::oauth2::{Grant, OAuth2, Question, QuestionError};
use super::reply::{self, Granted};
use super::sensitive;
use crate::answer::body_sink::read;
use crate::answer::retry_after;
use crate::network::error_chain;

/// The longest wait for a token; it is also no longer than the call that needs it may take.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Bytes of an answer that are read; tokens are a few KiB at most.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why there is no access token. No variant repeats a credential.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SignInError {
    /// The server refuses: the credential is wrong, expired, or not allowed to do this.
    #[error("the sign-in was refused with {status}{}", described(.code.as_deref(), .words))]
    Refused {
        /// HTTP status of its answer.
        status: u16,
        /// Its error code (RFC 6749, section 5.2), such as `invalid_grant`.
        code: Option<String>,
        /// What it says, cut, with credentials blanked.
        words: String,
    },
    /// The server was asked too often or is overloaded.
    #[error("the sign-in was put off by the authorization server")]
    Throttled {
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// No complete answer came.
    #[error("the authorization server gave no answer: {0}")]
    Unreachable(String),
    /// The answer cannot be understood.
    #[error("the authorization server's answer ({status}) holds no usable access token")]
    Unreadable {
        /// HTTP status of its answer.
        status: u16,
    },
    /// The newest refresh token cannot be read, or its successor could not be saved.
    #[error("the sign-in was not attempted, because a new refresh token could not be kept: {0}")]
    NotKept(String),
    /// The request could not be made.
    #[error("the sign-in could not be made: {0}")]
    Impossible(#[from] QuestionError),
}

fn described(code: Option<&str>, words: &str) -> String {
    match (code, words) {
        (None, "") => String::new(),
        (Some(code), "") => format!(": {code}"),
        (None, words) => format!(": {words}"),
        (Some(code), words) => format!(": {code}, {words}"),
    }
}

/// Asks for a token, once.
pub(super) async fn ask(
    oauth2: &OAuth2,
    client: &Client,
    within: Duration,
) -> Result<Granted, SignInError> {
    let now = SystemTime::now();
    let seconds = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let question = oauth2.grant.question(seconds)?;
    let request = request(oauth2, &question, within)?;
    let unreachable = |error: reqwest::Error| {
        SignInError::Unreachable(if error.is_timeout() {
            "no complete answer in time".to_owned()
        } else {
            error_chain(error)
        })
    };
    let response = client.execute(request).await.map_err(unreachable)?;
    let answer = read(response, MAX_ANSWER_BYTES).await;
    match answer.status {
        200..=299 => reply::granted(&answer.body).ok_or(SignInError::Unreadable {
            status: answer.status,
        }),
        429 | 503 => Err(SignInError::Throttled {
            retry_after: retry_after::of(&answer, now),
        }),
        400..=499 => {
            let (code, words) = reply::refusal(&answer.body, &shown(&oauth2.grant, &question));
            Err(SignInError::Refused {
                status: answer.status,
                code,
                words,
            })
        }
        status => Err(SignInError::Unreadable { status }),
    }
}

fn request(
    oauth2: &OAuth2,
    question: &Question,
    within: Duration,
) -> Result<reqwest::Request, SignInError> {
    let mut request = reqwest::Request::new(Method::POST, oauth2.token_url.clone());
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(
        reqwest::header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    if let Some(authorization) = &question.authorization {
        headers.insert(
            AUTHORIZATION,
            sensitive(authorization).map_err(QuestionError::Unsendable)?,
        );
    }
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&question.form)
        .finish();
    *request.body_mut() = Some(form.into());
    *request.timeout_mut() = Some(within.min(MAX_WAIT));
    Ok(request)
}

/// What was shown to the server and must not come back in its words.
fn shown<'q>(grant: &'q Grant, question: &'q Question) -> Vec<&'q str> {
    let mut shown: Vec<&str> = question
        .form
        .iter()
        .filter(|(name, _)| {
            matches!(
                *name,
                "client_secret" | "client_assertion" | "assertion" | "refresh_token"
            )
        })
        .map(|(_, value)| value.as_str())
        .collect();
    if let Grant::ClientCredentials { client_secret, .. }
    | Grant::RefreshToken { client_secret, .. } = grant
    {
        shown.push(client_secret.expose());
    }
    if let Some((_, encoded)) = question
        .authorization
        .as_deref()
        .and_then(|text| text.split_once(' '))
    {
        shown.push(encoded);
    }
    shown
}
