//! ARNs and queue URLs as this server writes and reads them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::model::rejected::Rejected;
use crate::model::version::VersionNumber;

/// The account and region that every ARN of this server carries.
#[derive(Debug, Clone)]
pub struct ArnScope {
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The account, of twelve digits.
    pub account: String,
}

impl ArnScope {
    /// The ARN of the state machine with this name; for the children of a map run the name is `NAME/LABEL`.
    pub fn machine_arn(&self, machine: &str) -> String {
        format!(
            "arn:aws:states:{}:{}:stateMachine:{machine}",
            self.region, self.account
        )
    }

    /// The ARN of an execution. For an EXPRESS state machine, the name is followed by a colon and what makes it unique.
    pub fn execution_arn(&self, machine: &str, execution: &str) -> String {
        let kind = if execution.contains(':') {
            "express"
        } else {
            "execution"
        };
        format!(
            "arn:aws:states:{}:{}:{kind}:{machine}:{execution}",
            self.region, self.account
        )
    }

    /// The ARN of a map run.
    pub fn map_run_arn(&self, machine: &str, label: &str, name: &str) -> String {
        format!(
            "arn:aws:states:{}:{}:mapRun:{machine}/{label}:{name}",
            self.region, self.account
        )
    }

    /// The ARN of the activity with this name.
    pub fn activity_arn(&self, activity: &str) -> String {
        format!(
            "arn:aws:states:{}:{}:activity:{activity}",
            self.region, self.account
        )
    }

    /// The ARN of the queue with this name.
    pub fn queue_arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{queue}", self.region, self.account)
    }

    /// The ARN of the role of configured workflows: no role exists behind it.
    pub fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/rampmeter", self.account)
    }
}

/// A resource that can have tags, by its name.
#[derive(Debug, Clone, Copy)]
pub enum Tagged<'a> {
    /// The name of a state machine.
    Machine(&'a str),
    /// The name of an activity.
    Activity(&'a str),
}

/// What the ARN of a state machine names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineReference<'a> {
    /// The name of the state machine; for a child execution of a map run, `NAME/LABEL`.
    pub name: &'a str,
    /// The version or the alias, if it names one.
    pub qualifier: Option<Qualifier<'a>>,
}

/// What follows the name of the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier<'a> {
    /// A version.
    Version(VersionNumber),
    /// The name of an alias.
    Alias(&'a str),
}

/// Parses the ARN of a state machine, a version or an alias.
pub fn machine(arn: &str) -> Result<MachineReference<'_>, Rejected> {
    let parts = parts(arn, "stateMachine")?;
    let (name, qualifier) = match *parts.as_slice() {
        [name] => (name, None),
        [name, text] if text.bytes().all(|letter| letter.is_ascii_digit()) => {
            let number = text.parse().map_err(|_| invalid(arn))?;
            (name, Some(Qualifier::Version(number)))
        }
        [name, text] => (name, Some(Qualifier::Alias(text))),
        _ => return Err(invalid(arn)),
    };
    Ok(MachineReference { name, qualifier })
}

/// The resource that carries the tags of an ARN. Versions and aliases have none.
pub fn tagged(arn: &str) -> Result<Tagged<'_>, Rejected> {
    if let Ok(name) = activity_name(arn) {
        return Ok(Tagged::Activity(name));
    }
    match machine(arn)? {
        MachineReference {
            name,
            qualifier: None,
        } => Ok(Tagged::Machine(name)),
        _ => Err(Rejected::ResourceNotFound(arn.to_owned())),
    }
}

/// The name in a state machine's ARN.
pub fn machine_name(arn: &str) -> Result<&str, Rejected> {
    match parts(arn, "stateMachine")?.as_slice() {
        [name] => Ok(name),
        _ => Err(invalid(arn)),
    }
}

/// The label and the name in a map run's ARN.
pub fn map_run_names(arn: &str) -> Result<(&str, &str), Rejected> {
    match parts(arn, "mapRun")?.as_slice() {
        [machine, name] => match machine.split_once('/') {
            Some((_, label)) => Ok((label, name)),
            None => Err(invalid(arn)),
        },
        _ => Err(invalid(arn)),
    }
}

/// The name in an activity's ARN.
pub fn activity_name(arn: &str) -> Result<&str, Rejected> {
    match parts(arn, "activity")?.as_slice() {
        [name] => Ok(name),
        _ => Err(invalid(arn)),
    }
}

/// The names of the state machine and of the execution in an execution's ARN.
pub fn execution_names(arn: &str) -> Result<(&str, &str), Rejected> {
    match parts(arn, "execution")?.as_slice() {
        [machine, execution] => Ok((machine, execution)),
        _ => Err(invalid(arn)),
    }
}

/// The queue's name from its URL: the last segment of the path, whatever the host. A bare name stands for itself.
pub fn queue_name(url: &str) -> &str {
    url.trim_end_matches('/').rsplit('/').next().unwrap_or(url)
}

fn parts<'a>(arn: &'a str, kind: &str) -> Result<Vec<&'a str>, Rejected> {
    let mut fields = arn.split(':');
    let head: Vec<&str> = fields.by_ref().take(6).collect();
    match head.as_slice() {
        ["arn", partition, "states", _region, _account, found] if partition.starts_with("aws") => {
            if *found != kind {
                let why = format!("Resource type not valid in this context: {found}");
                return Err(Rejected::InvalidArn(why));
            }
            let rest: Vec<&str> = fields.collect();
            if rest.iter().any(|name| name.is_empty()) {
                Err(invalid(arn))
            } else {
                Ok(rest)
            }
        }
        _ => Err(invalid(arn)),
    }
}

fn invalid(arn: &str) -> Rejected {
    Rejected::InvalidArn(if arn.starts_with("arn:") {
        arn.to_owned()
    } else {
        format!("Invalid ARN prefix: {arn}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_went_into_an_arn_come_out_again() {
        let place = ArnScope {
            region: "us-east-1".into(),
            account: "000000000000".into(),
        };
        assert_eq!(machine_name(&place.machine_arn("orders")), Ok("orders"));
        assert_eq!(
            execution_names(&place.execution_arn("orders", "SO-1")),
            Ok(("orders", "SO-1"))
        );
    }

    #[test]
    fn what_follows_the_name_is_a_version_or_an_alias() {
        let qualifier = |text: &str| {
            let arn = format!("arn:aws:states:r:a:stateMachine:orders:{text}");
            machine(&arn).map(|found| {
                (
                    found.name == "orders",
                    found.qualifier.is_some(),
                    text == "PROD",
                )
            })
        };
        assert_eq!(qualifier("PROD"), Ok((true, true, true)));
        let arn = "arn:aws:states:r:a:stateMachine:orders:12";
        assert_eq!(
            machine(arn).map(|found| found.qualifier),
            Ok(Some(Qualifier::Version(12)))
        );
        assert!(qualifier("99999999999999999999").is_err());
        assert!(qualifier("").is_err());
        assert!(machine_name(arn).is_err());
    }

    #[test]
    fn an_arn_of_another_kind_is_refused() {
        for arn in [
            "",
            "orders",
            "arn:aws:states:::execution:a:b",
            "arn:aws:sqs:r:a:stateMachine:x",
            "arn:aws:states:r:a:stateMachine:",
            "arn:aws:states:r:a:stateMachine:x:1:2",
        ] {
            assert!(machine_name(arn).is_err(), "{arn}");
        }
    }

    #[test]
    fn a_queue_is_named_by_the_end_of_its_url() {
        assert_eq!(
            queue_name("http://127.0.0.1:4566/000000000000/netsuite-high"),
            "netsuite-high"
        );
        assert_eq!(queue_name("netsuite-high"), "netsuite-high");
        assert_eq!(queue_name("https://sqs.us-east-1.amazonaws.com/1/q/"), "q");
    }
}
