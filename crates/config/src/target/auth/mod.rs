//! How a target signs in: `auth = { kind = "bearer", secret = "${env:X}" }`. Kinds that ask an authorization server
//! for access tokens are in `auth/oauth2`.

mod oauth2;

use std::cell::Cell;

use rampmeter_call::suggestion;
use rampmeter_caller::{Auth, OAuth1, Preset, Secret, typed_header};
use url::Url;

use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

/// What reading a sign-in needs to know about its target.
pub(crate) struct Account<'a> {
    /// Where it is, if that could be read: the default token URLs are relative to it.
    pub(crate) base_url: Option<&'a Url>,
    /// A URL of the target plainly names this very machine.
    pub(crate) local: Cell<bool>,
    /// Its vendor, which has rules for what a sign-in leaves out.
    pub(crate) preset: Preset,
    /// The scopes that its access tokens need besides the vendor's usual ones.
    pub(crate) scopes: Vec<&'static str>,
}

/// A kind of sign-in: its name, its keys, those of them that are required, and how it is read.
struct Kind {
    name: &'static str,
    what: &'static str,
    keys: &'static [&'static str],
    required: &'static [&'static str],
    read: fn(&Section<'_>, &Account<'_>) -> Option<Auth>,
}

const KINDS: [Kind; 9] = [
    Kind {
        name: "none",
        what: "auth of kind none",
        keys: &["kind"],
        required: &[],
        read: |_, _| Some(Auth::None),
    },
    Kind {
        name: "bearer",
        what: "auth of kind bearer",
        keys: &["kind", "secret"],
        required: &["secret"],
        read: |section, _| sendable(section, "secret").map(Auth::Bearer),
    },
    Kind {
        name: "basic",
        what: "auth of kind basic",
        keys: &["kind", "username", "password"],
        required: &["username", "password"],
        read: |section, _| basic(section),
    },
    Kind {
        name: "api-key",
        what: "auth of kind api-key",
        keys: &["kind", "header", "key"],
        required: &["header", "key"],
        read: |section, _| api_key(section),
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
        read: |section, _| oauth1(section),
    },
    Kind {
        name: "oauth2-m2m",
        what: "auth of kind oauth2-m2m",
        keys: &[
            "kind",
            "client_id",
            "certificate_id",
            "key",
            "algorithm",
            "scope",
            "scope_form",
            "audience",
            "token_url",
            "assumed_lifetime",
            "counted",
        ],
        required: &["client_id", "certificate_id", "key"],
        read: oauth2::client_assertion,
    },
    Kind {
        name: "oauth2-jwt-bearer",
        what: "auth of kind oauth2-jwt-bearer",
        keys: &[
            "kind",
            "client_id",
            "username",
            "key",
            "audience",
            "token_url",
            "assumed_lifetime",
            "counted",
        ],
        required: &["client_id", "username", "key"],
        read: oauth2::jwt_bearer,
    },
    Kind {
        name: "oauth2-client-credentials",
        what: "auth of kind oauth2-client-credentials",
        keys: &[
            "kind",
            "client_id",
            "client_secret",
            "scope",
            "send_as",
            "token_url",
            "assumed_lifetime",
            "counted",
        ],
        required: &["client_id", "client_secret", "token_url"],
        read: oauth2::client_credentials,
    },
    Kind {
        name: "oauth2-refresh-token",
        what: "auth of kind oauth2-refresh-token",
        keys: &[
            "kind",
            "client_id",
            "client_secret",
            "refresh_token",
            "scope",
            "send_as",
            "token_url",
            "assumed_lifetime",
            "counted",
        ],
        required: &["client_id", "client_secret", "refresh_token", "token_url"],
        read: oauth2::refresh_token,
    },
];

/// The sign-in of a target; none if it is wrong.
pub(crate) fn read(reading: &Reading<'_>, node: &Node, account: &Account<'_>) -> Option<Auth> {
    let kind = kind_of(reading, node)?;
    let section = Section::open(reading, "auth", node, kind.what, kind.keys)?;
    let missing = kind
        .required
        .iter()
        .filter(|key| !section.requires(key))
        .count();
    if missing > 0 {
        return None;
    }
    let before = reading.problems.borrow().len();
    let auth = (kind.read)(&section, account);
    // A plan for AWS has no private key to sign with; a plan signs nothing.
    let of_plan = reading.context.host.has_no_secrets() && auth.is_none();
    if of_plan && reading.problems.borrow().len() == before {
        return Some(Auth::None);
    }
    auth
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
                let problem = Problem::new(Code::BadValue, "`kind` is not a kind of auth").at(span);
                let of_oauth2: Vec<&str> = names
                    .iter()
                    .copied()
                    .filter(|kind| kind.starts_with("oauth2-"))
                    .collect();
                match suggestion::nearest(name, names.iter().copied()) {
                    _ if name
                        .to_ascii_lowercase()
                        .replace(['-', '_', '.', ' '], "")
                        .starts_with("oauth2")
                        || name.eq_ignore_ascii_case("oauth") =>
                    {
                        problem.help(format!("OAuth 2.0 has several: {}", of_oauth2.join(", ")))
                    }
                    Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                    None => problem,
                }
            }
            Some(other) => Problem::new(Code::WrongType, "`kind` must be a text").at(&other.span),
            None => Problem::new(Code::MissingKey, "auth needs `kind`").at(&node.span),
        },
        _ => Problem::new(Code::WrongType, "`auth` must be a table").at(&node.span),
    };
    let problem = problem.note(format!("the kinds are {}", names.join(", ")));
    let example = "write auth = { kind = \"bearer\", secret = \"${env:NAME}\" }";
    reading.note(match problem.help {
        None => problem.help(example),
        Some(_) => problem,
    });
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

/// A header of the vendor's own. `Authorization` is set by other kinds.
fn api_key(section: &Section<'_>) -> Option<Auth> {
    let name = section.parsed("header", Code::BadHeader, |name| {
        typed_header(name, "")
            .map(|_| name.to_ascii_lowercase())
            .map_err(|error| format!("cannot be used: {error}"))
    });
    let key = sendable(section, "key");
    Some(Auth::ApiKey {
        header: name?,
        key: key?,
    })
}

fn oauth1(section: &Section<'_>) -> Option<Auth> {
    // All of them are read, so that everything wrong is reported at once.
    let account = section.text("account");
    let consumer_key = section.text("consumer_key");
    let consumer_secret = section.secret("consumer_secret");
    let access_id = section.text("access_id");
    let access_secret = section.secret("access_secret");
    let account = account?;
    let signed = account.value.to_uppercase().replace('-', "_");
    if signed != account.value {
        section.reading.note(
            Problem::new(
                Code::BadCredential,
                "`account` is written as in a host's name, and signatures name it otherwise",
            )
            .at(&account.location)
            .help(format!(
                "NetSuite signs with capitals and an underscore: account = \"{signed}\""
            )),
        );
        return None;
    }
    Some(Auth::OAuth1(OAuth1 {
        account: account.value,
        consumer_key: consumer_key?.value,
        consumer_secret: consumer_secret?,
        access_id: access_id?.value,
        access_secret: access_secret?,
    }))
}

/// Warns about a credential that can be sent but is hardly intended.
fn odd(section: &Section<'_>, key: &str, secret: &Secret) {
    let text = secret.expose();
    let is_placeholder = [
        "replace-me",
        "changeme",
        "change-me",
        "xxx",
        "todo",
        "secret",
    ]
    .iter()
    .any(|word| text.eq_ignore_ascii_case(word));
    let (message, help) = if text.trim() != text {
        (
            format!("the value behind `{key}` begins or ends with a blank, which would be sent"),
            "take the blank out of the variable or file",
        )
    } else if ["bearer ", "basic "]
        .iter()
        .any(|word| text.to_ascii_lowercase().starts_with(word))
    {
        (
            format!(
                "the value behind `{key}` begins with the name of its scheme, which is sent before it anyway"
            ),
            "leave \"Bearer \" or \"Basic \" out of it",
        )
    } else if text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']) {
        (
            format!("the value behind `{key}` stands in quotes, which would be sent"),
            "take the quotes out of the variable or file",
        )
    } else if is_placeholder {
        (
            format!("the value behind `{key}` is a placeholder"),
            "put the vendor's secret there; for a stand-in of Rampmeter it may stay",
        )
    } else {
        return;
    };
    let problem = Problem::warning(Code::OddCredential, message).help(help);
    section.reading.note(match section.get(key) {
        Some(node) => problem.at(&node.span),
        None => problem,
    });
}

/// A credential that can be a header value: a file with a second line, say, cannot.
fn sendable(section: &Section<'_>, key: &str) -> Option<Secret> {
    let secret = section.secret(key)?;
    if !secret.expose().chars().any(char::is_control) {
        odd(section, key, &secret);
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
