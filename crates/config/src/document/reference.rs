//! References in texts: `${env:NAME}`, `${file:PATH}`, and `${secret:NAME}`, which only the AWS host resolves.
//! A secret must be one reference and nothing else, so that no file holds a credential.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::problem::{Code, Problem, SourceLocation, clipped};

/// What references are resolved against.
pub(crate) struct ReferenceContext<'a> {
    /// Directory of the configuration file, which relative paths start from.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) read_file: &'a dyn Fn(&Path) -> io::Result<String>,
    pub(crate) host: Host,
}

/// Where the configuration is used.
#[derive(Debug)]
pub(crate) enum Host {
    /// One machine, with variables and files.
    Machine,
    /// AWS, with secrets.
    Aws(OnAws),
}

/// A configuration on AWS.
#[derive(Debug)]
pub(crate) struct OnAws {
    /// The only target that is read, for its worker.
    pub(crate) only: Option<String>,
    pub(crate) secrets: Secrets,
}

/// The secrets of AWS.
#[derive(Debug)]
pub(crate) enum Secrets {
    /// They are not available; the names that are referred to are noted.
    Noted(RefCell<BTreeSet<String>>),
    /// Their values by name.
    Known(BTreeMap<String, String>),
}

/// The placeholder for a secret that is not available: valid wherever a secret is.
const PLACEHOLDER: &str = "secret";

impl Host {
    pub(crate) fn is_aws(&self) -> bool {
        matches!(self, Host::Aws(_))
    }

    /// The one target that is read, if not all are.
    pub(crate) fn only_target(&self) -> Option<&str> {
        match self {
            Host::Machine => None,
            Host::Aws(on_aws) => on_aws.only.as_deref(),
        }
    }

    /// Whether a placeholder stands for every secret.
    pub(crate) fn has_no_secrets(&self) -> bool {
        let Host::Aws(on_aws) = self else {
            return false;
        };
        matches!(on_aws.secrets, Secrets::Noted(_))
    }

    /// How a secret may be written.
    pub(crate) fn forms_of_secrets(&self) -> &'static str {
        match self {
            Host::Machine => "\"${env:NAME}\" or \"${file:PATH}\"",
            Host::Aws(_) => "\"${secret:NAME}\"",
        }
    }

    pub(crate) fn into_secret_names(self) -> BTreeSet<String> {
        match self {
            Host::Machine => BTreeSet::new(),
            Host::Aws(on_aws) => match on_aws.secrets {
                Secrets::Noted(names) => names.into_inner(),
                Secrets::Known(secrets) => secrets.into_keys().collect(),
            },
        }
    }
}

impl OnAws {
    fn look_up(&self, name: &str) -> Result<String, Refusal> {
        if !is_secret_name(name) {
            return Err(Refusal::SecretName(name.to_owned()));
        }
        match &self.secrets {
            Secrets::Noted(names) => {
                names.borrow_mut().insert(name.to_owned());
                Ok(PLACEHOLDER.to_owned())
            }
            Secrets::Known(secrets) => secrets
                .get(name)
                .map(|secret| without_line_end(secret).to_owned())
                .ok_or_else(|| Refusal::NoSecret(name.to_owned())),
        }
    }
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    /// The inside of `${...}`.
    Reference(&'t str),
    /// `${` without its end.
    Open,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once("${") {
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        let Some((inside, next)) = after.split_once('}') else {
            pieces.push(Piece::Open);
            return pieces;
        };
        pieces.push(Piece::Reference(inside));
        rest = next;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

/// True if the text is one reference and nothing else.
pub(crate) fn is_reference(text: &str) -> bool {
    matches!(pieces(text)[..], [Piece::Reference(_)])
}

impl ReferenceContext<'_> {
    /// The text with its references resolved, or all that is wrong with them.
    pub(crate) fn resolve(
        &self,
        text: &str,
        location: &SourceLocation,
    ) -> Result<String, Vec<Problem>> {
        self.resolve_with(text, location, |inside| self.look_up(inside))
    }

    /// The same for a text that is used where the file is read, whatever host makes the calls.
    pub(crate) fn resolve_here(
        &self,
        text: &str,
        location: &SourceLocation,
    ) -> Result<String, Vec<Problem>> {
        self.resolve_with(text, location, |inside| match inside.split_once(':') {
            Some(("secret" | "ssm", _)) if self.host.is_aws() => {
                Err(Refusal::Public(inside.to_owned()))
            }
            _ => self.look_up_here(inside),
        })
    }

    fn resolve_with(
        &self,
        text: &str,
        location: &SourceLocation,
        look_up: impl Fn(&str) -> Result<String, Refusal>,
    ) -> Result<String, Vec<Problem>> {
        let mut resolved = String::new();
        let mut problems = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => resolved.push_str(plain),
                Piece::Reference(inside) => match look_up(inside) {
                    Ok(value) => resolved.push_str(&value),
                    Err(refusal) => problems.push(Problem::from(refusal).at(location)),
                },
                Piece::Open => problems.push(
                    Problem::new(Code::BadReference, "a reference has no closing brace")
                        .help("write `${env:NAME}` or `${file:PATH}`")
                        .at(location),
                ),
            }
        }
        if problems.is_empty() {
            Ok(resolved)
        } else {
            Err(problems)
        }
    }

    fn look_up(&self, inside: &str) -> Result<String, Refusal> {
        match (inside.split_once(':'), &self.host) {
            (Some(("secret", name)), Host::Aws(on_aws)) => on_aws.look_up(name),
            (Some(("env" | "file", _)), Host::Aws(_)) => Err(Refusal::OffAws(inside.to_owned())),
            _ => self.look_up_here(inside),
        }
    }

    /// The value of a reference on the machine that reads the file.
    fn look_up_here(&self, inside: &str) -> Result<String, Refusal> {
        match inside.split_once(':') {
            Some(("env", name)) if is_variable(name) => {
                (self.environment)(name).ok_or_else(|| Refusal::Unset(name.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() => {
                (self.read_file)(&self.directory.join(path))
                    .map(|text| without_line_end(&text).to_owned())
                    .map_err(|error| Refusal::Unreadable(path.to_owned(), error))
            }
            Some(("secret" | "ssm", _)) => Err(Refusal::OnAws(inside.to_owned())),
            _ => Err(Refusal::Malformed),
        }
    }
}

/// Why a reference has no value.
enum Refusal {
    Unset(String),
    Unreadable(String, io::Error),
    OnAws(String),
    OffAws(String),
    NoSecret(String),
    SecretName(String),
    Public(String),
    Malformed,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::Unset(name) => {
                let message = format!("the environment variable {name} is not set");
                Problem::new(Code::MissingVariable, message)
                    .label("needed here")
                    .help(format!("set it before the start: export {name}=..."))
            }
            Refusal::Unreadable(path, error) => {
                let message = format!("the file `{path}` cannot be read: {error}");
                Problem::new(Code::UnreadableReference, message)
                    .label("needed here")
                    .note("a relative path starts from the directory of the configuration file")
            }
            Refusal::OnAws(inside) => {
                let message = format!("the reference `${{{inside}}}` can be resolved only on AWS");
                Problem::new(Code::ReferenceNotServed, message)
                    .help("on one machine use `${env:NAME}` or `${file:PATH}`")
            }
            Refusal::OffAws(inside) => {
                let message = format!("the reference `${{{inside}}}` leads nowhere on AWS");
                Problem::new(Code::ReferenceOffAws, message)
                    .note("the functions have neither your variables nor your files")
                    .help("give the key another value in [aws.targets.NAME], a secret as \"${secret:NAME}\"")
            }
            Refusal::NoSecret(name) => {
                let message = format!("the secret `{name}` was not found");
                Problem::new(Code::MissingSecret, message).help(if name.starts_with('/') {
                    format!("aws ssm put-parameter --type SecureString --name {name} --value ...")
                } else {
                    format!("aws secretsmanager create-secret --name {name} --secret-string ...")
                })
            }
            Refusal::SecretName(name) => {
                let name = clipped(&name);
                let message = format!("`{name}` cannot be the name of a secret");
                Problem::new(Code::BadSecretName, message)
                    .note("it is 1 to 512 letters, digits and any of /_+=.@-; one that begins with / is a parameter of the Parameter Store")
            }
            Refusal::Public(inside) => {
                let message = format!("`${{{inside}}}` would be written into a definition");
                Problem::new(Code::PublicSecret, message)
                    .note("whoever may look at the state machine may read its definition")
                    .help("sign calls in by the target's `auth`, or read the secret in a task of its own")
            }
            Refusal::Malformed => {
                let message = "a reference is malformed or of an unknown kind";
                Problem::new(Code::BadReference, message)
                    .help("write `${env:NAME}` or `${file:PATH}`")
            }
        }
    }
}

/// The text of a file without the line break that editors put at its end.
fn without_line_end(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
}

/// What Secrets Manager accepts as a name; the Parameter Store accepts less.
fn is_secret_name(name: &str) -> bool {
    let served = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    (1..=512).contains(&name.len()) && name.bytes().all(served)
}

fn is_variable(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_at_its_references() {
        assert_eq!(
            pieces("a${env:X}b${file:y}"),
            [
                Piece::Plain("a"),
                Piece::Reference("env:X"),
                Piece::Plain("b"),
                Piece::Reference("file:y")
            ]
        );
        assert_eq!(pieces("a${env:X"), [Piece::Plain("a"), Piece::Open]);
        assert_eq!(pieces("$}{"), [Piece::Plain("$}{")]);
    }

    #[test]
    fn only_a_lone_reference_is_one() {
        assert!(is_reference("${env:X}"));
        for text in [
            "",
            "x",
            "x${env:X}",
            "${env:X}x",
            "${env:X}${env:Y}",
            "${env:X",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
