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
                    Err(problem) => problems.push(problem.at(place)),
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

    fn look_up(&self, inside: &str) -> Result<String, Problem> {
        match inside.split_once(':') {
            Some(("env", name)) if is_variable(name) => self.variable(name),
            Some(("file", path)) if !path.is_empty() => self.file(path),
            Some(("secret" | "ssm", _)) => Err(Problem::new(
                Code::ReferenceNotServed,
                format!("the reference `${{{inside}}}` can be resolved only on AWS"),
            )
            .help("on one machine use `${env:NAME}` or `${file:PATH}`")),
            _ => Err(Problem::new(
                Code::BadReference,
                "a reference is malformed or of an unknown kind",
            )
            .help("write `${env:NAME}` or `${file:PATH}`")),
        }
    }

    fn variable(&self, name: &str) -> Result<String, Problem> {
        (self.environment)(name).ok_or_else(|| {
            Problem::new(
                Code::MissingVariable,
                format!("the environment variable {name} is not set"),
            )
            .label("needed here")
            .help(format!("set it before the start: export {name}=..."))
        })
    }

    /// The file's text without the line break that editors put at its end.
    fn file(&self, path: &str) -> Result<String, Problem> {
        match (self.read_file)(&self.directory.join(path)) {
            Ok(text) => Ok(text
                .strip_suffix('\n')
                .map_or(text.as_str(), |line| {
                    line.strip_suffix('\r').unwrap_or(line)
                })
                .to_owned()),
            Err(error) => Err(Problem::new(
                Code::UnreadableReference,
                format!("the file `{path}` cannot be read: {error}"),
            )
            .label("needed here")
            .note("a relative path starts from the directory of the configuration file")),
        }
    }
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
