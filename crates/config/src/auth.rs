//! How a target signs in: `auth = { kind = "bearer", secret = "${env:X}" }`. Kinds that are known but not served
//! are checked in shape and said to be missing, so that nobody calls an account unsigned by mistake.

use rampmeter_caller::{Auth, OAuth1, Secret};

use crate::code::Code;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::section::Section;
use crate::tree::{Node, Value};

/// A kind of sign-in: its name, its keys, and those of them that are required.
struct Kind {
    name: &'static str,
    what: &'static str,
    keys: &'static [&'static str],
    required: &'static [&'static str],
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "none",
        what: "auth of kind none",
        keys: &["kind"],
        required: &[],
    },
    Kind {
        name: "bearer",
        what: "auth of kind bearer",
        keys: &["kind", "secret"],
        required: &["secret"],
    },
    Kind {
        name: "basic",
        what: "auth of kind basic",
        keys: &["kind", "username", "password"],
        required: &["username", "password"],
    },
    Kind {
        name: "oauth2-m2m",
        what: "auth of kind oauth2-m2m",
        keys: &["kind", "client_id", "certificate_id", "key", "scope"],
        required: &["client_id", "certificate_id", "key"],
    },
    Kind {
        name: "oauth1",
        what: "auth of kind oauth1",
        keys: &[
            "kind",
            "account",
            "consumer_key",
            "consumer_secret",
            "access_id",
            "access_secret",
        ],
        required: &[
            "account",
            "consumer_key",
            "consumer_secret",
            "access_id",
            "access_secret",
        ],
    },
];

/// The sign-in of a target; none if it is wrong.
pub(crate) fn read(reading: &Reading<'_>, node: &Node) -> Option<Auth> {
    let kind = kind_of(reading, node)?;
    let section = Section::open(reading, "auth", node, kind.what, kind.keys)?;
    if kind
        .required
        .iter()
        .filter(|key| !section.requires(key))
        .count()
        > 0
    {
        return None;
    }
    match kind.name {
        "none" => Some(Auth::None),
        "bearer" => sendable(&section, "secret").map(Auth::Bearer),
        "basic" => basic(&section),
        "oauth1" => oauth1(&section),
        _ => {
            section.secret("key");
            reading.note(
                Problem::new(
                    Code::NotServed,
                    format!("auth of kind \"{}\" is not served yet", kind.name),
                )
                .at(&node.span)
                .help("served are none, bearer, basic and oauth1"),
            );
            None
        }
    }
}

fn kind_of(reading: &Reading<'_>, node: &Node) -> Option<&'static Kind> {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let problem = match &node.value {
        Value::Table(table) => match table.get("kind") {
            Some(Node {
                value: Value::Text(name),
                span,
            }) => {
                let kind = KINDS.iter().find(|kind| kind.name == name);
                if kind.is_some() {
                    return kind;
                }
                Problem::new(Code::BadValue, "`kind` is no kind of auth").at(span)
            }
            Some(other) => Problem::new(Code::WrongType, "`kind` must be a text").at(&other.span),
            None => Problem::new(Code::MissingKey, "auth needs `kind`").at(&node.span),
        },
        _ => Problem::new(Code::WrongType, "`auth` must be a table").at(&node.span),
    };
    reading.note(
        problem
            .note(format!("the kinds are {}", names.join(", ")))
            .help("write auth = { kind = \"bearer\", secret = \"${env:NAME}\" }"),
    );
    None
}

fn basic(section: &Section<'_>) -> Option<Auth> {
    let username = section.parsed("username", Code::BadCredential, |name| {
        if name.contains(':') {
            Err("holds a colon, which would end the user name".to_owned())
        } else {
            Ok(name.to_owned())
        }
    });
    let password = sendable(section, "password");
    Some(Auth::Basic {
        username: username?,
        password: password?,
    })
}

fn oauth1(section: &Section<'_>) -> Option<Auth> {
    // All of them are read, so that all that is wrong is said at once.
    let account = section.text("account");
    let consumer_key = section.text("consumer_key");
    let consumer_secret = section.secret("consumer_secret");
    let access_id = section.text("access_id");
    let access_secret = section.secret("access_secret");
    Some(Auth::OAuth1(OAuth1 {
        account: account?.value,
        consumer_key: consumer_key?.value,
        consumer_secret: consumer_secret?,
        access_id: access_id?.value,
        access_secret: access_secret?,
    }))
}

/// A credential that can stand in a header: a file with a second line, say, cannot.
fn sendable(section: &Section<'_>, key: &str) -> Option<Secret> {
    let secret = section.secret(key)?;
    if !secret.expose().chars().any(char::is_control) {
        return Some(secret);
    }
    let message =
        format!("the value behind `{key}` holds a line break or another control character");
    let problem =
        Problem::new(Code::BadCredential, message).note("it could not be sent in a header");
    section.reading.note(match section.get(key) {
        Some(node) => problem.at(&node.span),
        None => problem,
    });
    None
}
