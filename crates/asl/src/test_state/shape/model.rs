//! The shapes of services' responses, as `answers.txt` writes them: for each service the ways in which the ARNs of
//! integrations spell it, then its shapes, then its operations with the members of their responses.
//!
//! ```text
//! service sqs aws-sdk:sqs
//! shape Message members MessageId=text Attributes={text} MessageAttributes={MessageAttributeValue}
//! answer receiveMessage Messages=[Message]
//! ```
//!
//! A member is `Name=TYPE`, or `Name!=TYPE` when the service always sends it. A type is `text` (times too), `number`,
//! `boolean`, `any`, `[TYPE]`, `{TYPE}` (members with names that the service does not fix) or the name of a shape, which
//! has members or is one of the texts of an enumeration. The file is made from AWS's service models by
//! `testing/model/answers.py`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

static ANSWERS: LazyLock<BTreeMap<&'static str, Service>> =
    LazyLock::new(|| read(include_str!("answers.txt")));

/// The shapes of one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Service {
    shapes: BTreeMap<&'static str, Shape>,
    answers: BTreeMap<&'static str, Vec<Member>>,
}

/// A shape that has a name.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Members(Vec<Member>),
    OneOf(Vec<&'static str>),
}

/// A member of an answer or a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// Whether the service always sends it.
    pub(super) is_required: bool,
    /// Its type, as the file writes it.
    pub(super) kind: &'static str,
}

/// The service that the ARN of an integration spells this way.
pub(super) fn service(spelling: &str) -> Option<&'static Service> {
    ANSWERS.get(spelling)
}

impl Service {
    /// The members of the answer to an operation.
    pub(super) fn answer(&self, operation: &str) -> Option<&[Member]> {
        self.answers.get(operation).map(Vec::as_slice)
    }

    /// The shape with this name.
    pub(super) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}

fn read(text: &'static str) -> BTreeMap<&'static str, Service> {
    let mut services = BTreeMap::new();
    let mut spellings: Vec<&'static str> = Vec::new();
    let mut service = Service::default();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, rest_of_it) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "service" => {
                let done = std::mem::take(&mut service);
                for spelling in spellings.drain(..) {
                    services.insert(spelling, done.clone());
                }
                spellings.extend(rest.split(' '));
            }
            "shape" => {
                service.shapes.insert(name, shape(rest_of_it));
            }
            "answer" => {
                service.answers.insert(name, members(rest_of_it));
            }
            _ => {}
        }
    }
    for spelling in spellings {
        services.insert(spelling, service.clone());
    }
    services
}

fn shape(text: &'static str) -> Shape {
    match text.split_once(' ') {
        Some(("enum", values)) => Shape::OneOf(values.split(' ').collect()),
        Some((_, list)) => Shape::Members(members(list)),
        None => Shape::Members(Vec::new()),
    }
}

fn members(list: &'static str) -> Vec<Member> {
    let pairs = list.split(' ').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, kind)| Member {
            name: name.trim_end_matches('!'),
            is_required: name.ends_with('!'),
            kind,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The innermost type; for a list or a map, that of its items.
    fn innermost(kind: &'static str) -> &'static str {
        kind.trim_matches(['[', ']', '{', '}'])
    }

    #[test]
    fn every_type_is_one_that_is_known() {
        let plain = ["text", "number", "boolean", "any"];
        for (spelling, service) in ANSWERS.iter() {
            let of_shapes = service.shapes.values().filter_map(|shape| match shape {
                Shape::Members(members) => Some(members),
                Shape::OneOf(_) => None,
            });
            for member in of_shapes.chain(service.answers.values()).flatten() {
                let kind = innermost(member.kind);
                let is_known = plain.contains(&kind) || service.shape(kind).is_some();
                assert!(is_known, "{spelling} {}: {kind}", member.name);
            }
        }
    }

    #[test]
    fn a_service_is_found_by_each_of_its_spellings() {
        for spelling in ["states", "aws-sdk:sfn"] {
            let answer = service(spelling).and_then(|service| service.answer("startExecution"));
            let names: Vec<&str> = answer.unwrap().iter().map(|member| member.name).collect();
            assert_eq!(names, ["ExecutionArn", "StartDate"], "{spelling}");
        }
        assert!(service("nosuch").is_none());
    }
}
