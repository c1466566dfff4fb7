//! `[server] credentials`: who may use the AWS port, and what each of them may do.

use rampmeter_caller::Secret;

use super::scope::{self, Scope};
use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

/// One client of the API.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Access key id, as AWS clients send it.
    pub access_key_id: String,
    /// Secret access key.
    pub secret: Secret,
    /// What the client may do.
    pub rights: Vec<Right>,
    /// What the rights apply to, by name; absent if they apply to everything.
    pub scope: Option<Scope>,
}

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Look at state machines, executions and queues.
    Read,
    /// Start executions, send messages and report on tasks.
    Send,
    /// Everything.
    Operate,
}

impl Right {
    const ALL: [Right; 3] = [Right::Read, Right::Send, Right::Operate];

    /// Its name in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Send => "send",
            Right::Operate => "operate",
        }
    }
}

/// The credentials that the section names; a refused one is left out.
pub(super) fn read(
    reading: &Reading<'_>,
    section: &Section<'_>,
    allow_aws_keys: bool,
) -> Vec<Credential> {
    let Some(node) = section.get("credentials") else {
        return Vec::new();
    };
    let Value::Array(items) = &node.value else {
        reading.note(
            Problem::new(Code::WrongType, "`credentials` must be a list of tables").at(&node.span),
        );
        return Vec::new();
    };
    let mut credentials: Vec<Credential> = Vec::new();
    for item in items {
        let Some(credential) = credential(reading, item, allow_aws_keys) else {
            continue;
        };
        let key = &credential.access_key_id;
        if credentials.iter().any(|known| known.access_key_id == *key) {
            reading.note(
                Problem::new(Code::BadCredential, "an access key id occurs twice").at(&item.span),
            );
        }
        credentials.push(credential);
    }
    credentials
}

fn credential(reading: &Reading<'_>, node: &Node, allow_aws_keys: bool) -> Option<Credential> {
    let required = ["access_key_id", "secret", "rights"];
    let keys = [&required[..], &scope::KEYS].concat();
    let section = Section::open(reading, "credentials", node, "a credential", &keys)?;
    let complete = required.iter().filter(|key| !section.requires(key)).count() == 0;
    let access_key_id = section.parsed("access_key_id", Code::BadCredential, |key| {
        access_key_id(key, allow_aws_keys)
    });
    let secret = section.secret("secret");
    let mut rights = Vec::new();
    for found in section.texts("rights").unwrap_or_default() {
        match Right::ALL
            .iter()
            .find(|right| right.as_str() == found.value)
        {
            Some(right) => rights.push(*right),
            None => reading.note(
                Problem::new(Code::BadValue, "`rights` holds an unknown right")
                    .at(&found.location)
                    .note("served are read, send, operate"),
            ),
        }
    }
    complete.then_some(Credential {
        access_key_id: access_key_id?,
        secret: secret?,
        rights,
        scope: scope::read(reading, &section),
    })
}

/// A key id is part of ARNs and of the scope of signatures. A real AWS key id belongs to an AWS account: whoever signed
/// with it here by mistake would not notice.
fn access_key_id(key: &str, allow_aws_keys: bool) -> Result<String, String> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=128).contains(&key.len()) || !key.bytes().all(letters) {
        return Err("must be 1 to 128 letters, digits, - or _".to_owned());
    }
    if !allow_aws_keys && (key.starts_with("AKIA") || key.starts_with("ASIA")) {
        return Err(
            "looks like a key of a real AWS account; choose another, or set allow_aws_keys = true"
                .to_owned(),
        );
    }
    Ok(key.to_owned())
}
