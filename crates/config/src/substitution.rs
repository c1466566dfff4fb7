//! `${Name}` in workflow definitions, as SAM's DefinitionSubstitutions has them: so that the same definition runs
//! here and on AWS. Queue URLs are predefined for each target, the ARN of its state machine for each workflow.

use std::collections::BTreeMap;
use std::ops::Range;

use rampmeter_dispatch::Priority;

use crate::server::Server;

/// Names and their values.
pub(crate) type Substitutions = BTreeMap<String, String>;

/// `NetsuiteHigh`, `NetsuiteMedium`, `NetsuiteBatch` and their common prefix `NetsuiteQueues`, for one target.
pub(crate) fn of_target(server: &Server, target: &str) -> Substitutions {
    let pascal = pascal_case(target);
    let mut substitutions = Substitutions::new();
    substitutions.insert(format!("{pascal}Queues"), server.queue_url(target));
    for priority in Priority::ALL {
        let lower = priority.as_str().to_lowercase();
        let url = server.queue_url(&format!("{target}-{lower}"));
        substitutions.insert(format!("{pascal}{}", pascal_case(&lower)), url);
    }
    substitutions
}

/// `OrderToCashArn`, for a workflow that starts another.
pub(crate) fn of_workflow(server: &Server, workflow: &str) -> (String, String) {
    let Server {
        region, account, ..
    } = server;
    (
        pascal_case(workflow) + "Arn",
        format!("arn:aws:states:{region}:{account}:stateMachine:{workflow}"),
    )
}

/// The form of a name in substitutions and logical ids: `sales-force_eu` becomes `SalesForceEu`.
#[must_use]
pub fn pascal_case(name: &str) -> String {
    let mut pascal = String::new();
    for word in name.split(['-', '_']) {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        pascal.extend(letters);
    }
    pascal
}

/// CloudFormation's rule for a substitution's name, and ours: letters and digits.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A `${...}` that nothing resolves: its name and its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

/// The definition with every `${Name}` replaced, or all names that nothing resolves. A value is put between the
/// quotes of a JSON text, so it is escaped as one.
pub(crate) fn apply(
    definition: &str,
    substitutions: &Substitutions,
) -> Result<String, Vec<Unresolved>> {
    let mut resolved = String::with_capacity(definition.len());
    let mut unresolved = Vec::new();
    let mut at = 0;
    while let Some(start) = definition[at..].find("${").map(|found| at + found) {
        resolved.push_str(&definition[at..start]);
        let rest = &definition[start..];
        // A name never spans lines, so a missing brace does not swallow the rest of the file.
        let line = rest.find('\n').unwrap_or(rest.len());
        let end = rest[..line]
            .find('}')
            .map_or(start + 2, |close| start + close + 1);
        let name = definition[start + 2..end].trim_end_matches('}');
        match substitutions.get(name) {
            Some(value) => resolved.push_str(&escaped(value)),
            None => unresolved.push(Unresolved {
                name: name.to_owned(),
                span: start..end,
            }),
        }
        at = end;
    }
    resolved.push_str(&definition[at..]);
    if unresolved.is_empty() {
        Ok(resolved)
    } else {
        Err(unresolved)
    }
}

fn escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Substitutions {
        Substitutions::from([
            ("A".to_owned(), "1".to_owned()),
            ("Quote".to_owned(), "\"\\\n".to_owned()),
        ])
    }

    #[test]
    fn names_become_pascal_case() {
        for (name, pascal) in [
            ("netsuite", "Netsuite"),
            ("sales-force_eu", "SalesForceEu"),
            ("sap2", "Sap2"),
        ] {
            assert_eq!(pascal_case(name), pascal);
        }
    }

    #[test]
    fn a_target_has_a_queue_per_priority_and_their_prefix() {
        let substitutions = of_target(&Server::default(), "netsuite");
        let pairs: Vec<(&str, &str)> = substitutions
            .iter()
            .map(|(name, url)| (name.as_str(), url.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                (
                    "NetsuiteBatch",
                    "http://127.0.0.1:4566/000000000000/netsuite-batch"
                ),
                (
                    "NetsuiteHigh",
                    "http://127.0.0.1:4566/000000000000/netsuite-high"
                ),
                (
                    "NetsuiteMedium",
                    "http://127.0.0.1:4566/000000000000/netsuite-medium"
                ),
                (
                    "NetsuiteQueues",
                    "http://127.0.0.1:4566/000000000000/netsuite"
                ),
            ]
        );
    }

    #[test]
    fn every_occurrence_is_replaced_and_escaped() {
        assert_eq!(apply("x${A}y${A}", &some()), Ok("x1y1".to_owned()));
        assert_eq!(
            apply("\"${Quote}\"", &some()),
            Ok("\"\\\"\\\\\\n\"".to_owned())
        );
        assert_eq!(apply("$ { $} é", &some()), Ok("$ { $} é".to_owned()));
    }

    #[test]
    fn everything_unresolved_is_named_with_its_place() {
        let missing = |name: &str, span: Range<usize>| Unresolved {
            name: name.to_owned(),
            span,
        };
        assert_eq!(
            apply("${B}${A}${}", &some()),
            Err(vec![missing("B", 0..4), missing("", 8..11)])
        );
        assert_eq!(apply("é${A\n}", &some()), Err(vec![missing("", 2..4)]));
    }
}
