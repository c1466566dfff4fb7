//! References in texts: `${env:NAME}`, `${file:PATH}`, and `${secret:NAME}`, which only the AWS host resolves.
//! A secret must be one reference and nothing else, so that no file holds a credential.

use std::io;
use std::path::Path;

use crate::code::Code;
use crate::place::Place;
use crate::problem::Problem;

/// What references are resolved against.
pub(crate) struct Surroundings<'a> {
    /// Directory of the configuration file, which relative paths start from.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) read_file: &'a dyn Fn(&Path) -> io::Result<String>,
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

impl Surroundings<'_> {
    /// The text with its references resolved, or all that is wrong with them.
    pub(crate) fn resolve(&self, text: &str, place: &Place) -> Result<String, Vec<Problem>> {
        let mut resolved = String::new();
        let mut problems = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => resolved.push_str(plain),
                Piece::Reference(inside) => match self.look_up(inside) {
                    Ok(value) => resolved.push_str(&value),
                    Err(refusal) => problems.push(Problem::from(refusal).at(place)),
                },
                Piece::Open => problems.push(
                    Problem::new(Code::BadReference, "a reference has no closing brace")
                        .help("write `${env:NAME}` or `${file:PATH}`")
                        .at(place),
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

/// Why a reference leads to nothing.
enum Refusal {
    Unset(String),
    Unreadable(String, io::Error),
    OnAws(String),
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
