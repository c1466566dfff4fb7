//! What a Task state calls: the `Resource` ARN as a type. Which ARNs this interpreter supports is
//! decided here and nowhere else; how they are called is up to the host. Which other service
//! integrations exist on AWS is in `integration`.

use serde::{Deserialize, Serialize};

use crate::model::integration;

/// The supported resources, for error texts.
pub(crate) const SERVED: &str = "sqs:sendMessage, states:startExecution, lambda:invoke, functions of Lambda, activities, http:invoke, \
     aws-sdk:sqs and aws-sdk:sfn";

/// What a Task state names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// An action of a service: `arn:<partition>:states:::<service>:<action><pattern>`.
    Action(Action),
    /// A Lambda function by its ARN: `arn:<partition>:lambda:<region>:<account>:function:<name>`.
    Function(String),
    /// An activity by its ARN: `arn:<partition>:states:<region>:<account>:activity:<name>`. Workers ask for its tasks.
    Activity(String),
    /// Any other resource, as written. An execution that reaches it fails.
    Unserved(String),
}

/// An action of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The service, such as `sqs` or `aws-sdk:sfn`: the `resourceType` of its events.
    pub service: String,
    /// The action, such as `sendMessage`.
    pub name: String,
    /// When the state continues.
    pub pattern: Pattern,
}

/// When a Task state continues.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pattern {
    /// When the service has responded.
    RequestResponse,
    /// `.waitForTaskToken`: when a result is reported with its task token.
    WaitForTaskToken,
    /// `.sync`: when the job has ended.
    Sync,
    /// `.sync:2`: likewise; data of the job is JSON instead of text.
    Sync2,
}

impl Pattern {
    const ALL: [Self; 4] = [
        Self::RequestResponse,
        Self::WaitForTaskToken,
        Self::Sync,
        Self::Sync2,
    ];

    /// The end of a `Resource` with this pattern.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::WaitForTaskToken => ".waitForTaskToken",
            Self::Sync => ".sync",
            Self::Sync2 => ".sync:2",
        }
    }
}

impl Action {
    /// Reads `<service>:<action><pattern>`, whether or not it is served.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, pattern) = match text.split_once('.') {
            None => (text, Pattern::RequestResponse),
            Some((head, _)) => {
                let suffix = &text[head.len()..];
                let pattern = Pattern::ALL
                    .into_iter()
                    .find(|pattern| pattern.suffix() == suffix)?;
                (head, pattern)
            }
        };
        let (service, name) = head.rsplit_once(':')?;
        Some(Self {
            service: service.to_owned(),
            name: name.to_owned(),
            pattern,
        })
    }

    /// The `resource` of its events, such as `sendMessage.waitForTaskToken`.
    #[must_use]
    pub fn resource(&self) -> String {
        format!("{}{}", self.name, self.pattern.suffix())
    }

    fn is_served(&self) -> bool {
        use Pattern::{RequestResponse, Sync, Sync2, WaitForTaskToken};
        let patterns: &[Pattern] = match (self.service.as_str(), self.name.as_str()) {
            ("sqs", "sendMessage") | ("lambda", "invoke") => &[RequestResponse, WaitForTaskToken],
            ("states", "startExecution") => &[RequestResponse, Sync, Sync2, WaitForTaskToken],
            ("http", "invoke") => &[RequestResponse],
            // Which actions exist is known where they are carried out.
            ("aws-sdk:sqs" | "aws-sdk:sfn", name) if is_camel_case(name) => {
                &[RequestResponse, WaitForTaskToken]
            }
            _ => &[],
        };
        patterns.contains(&self.pattern)
    }
}

fn is_camel_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

impl Resource {
    /// Reads a `Resource` field. The partition (`aws`, `aws-cn`, `aws-us-gov`) does not matter.
    #[must_use]
    pub fn parse(arn: &str) -> Self {
        let unserved = || Self::Unserved(arn.to_owned());
        let Some((_partition, rest)) = arn
            .strip_prefix("arn:")
            .and_then(|rest| rest.split_once(':'))
        else {
            return unserved();
        };
        if let Some(text) = rest.strip_prefix("states:::") {
            return Action::parse(text)
                .filter(Action::is_served)
                .map_or_else(unserved, Self::Action);
        }
        let parts: Vec<&str> = rest.split(':').collect();
        match parts.as_slice() {
            ["lambda", _region, _account, "function", name] if !name.is_empty() => {
                Self::Function(arn.to_owned())
            }
            ["states", _region, _account, "activity", name] if !name.is_empty() => {
                Self::Activity(arn.to_owned())
            }
            ["lambda", _region, _account, "function", name, version]
                if !name.is_empty() && !version.is_empty() =>
            {
                Self::Function(arn.to_owned())
            }
            _ => unserved(),
        }
    }

    /// The text of a resource that AWS does not know: an error of the definition. One that AWS knows but
    /// this host does not support is not an error.
    pub(crate) fn unknown_to_aws(&self) -> Option<&str> {
        match self {
            Self::Unserved(arn) if !integration::is_known(arn) => Some(arn),
            _ => None,
        }
    }

    /// Whether the task waits for a result reported with its task token.
    #[must_use]
    pub fn awaits_token(&self) -> bool {
        matches!(
            self,
            Self::Action(Action {
                pattern: Pattern::WaitForTaskToken,
                ..
            })
        )
    }

    /// Whether the task goes on waiting once the service has accepted its request.
    #[must_use]
    pub fn waits_after_submission(&self) -> bool {
        matches!(self, Self::Action(action) if action.pattern != Pattern::RequestResponse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn send_message_is_served_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let arn = format!("arn:{partition}:states:::sqs:sendMessage.waitForTaskToken");
            assert!(Resource::parse(&arn).awaits_token());
            let arn = format!("arn:{partition}:states:::sqs:sendMessage");
            let Resource::Action(action) = Resource::parse(&arn) else {
                panic!("{arn} is served");
            };
            assert_eq!(
                (action.service.as_str(), action.resource().as_str()),
                ("sqs", "sendMessage")
            );
            assert!(!Resource::Action(action).waits_after_submission());
        }
    }

    #[test]
    fn an_action_is_served_with_the_patterns_it_has() {
        for (text, service, resource, waits) in [
            ("states:startExecution", "states", "startExecution", false),
            (
                "states:startExecution.sync:2",
                "states",
                "startExecution.sync:2",
                true,
            ),
            (
                "lambda:invoke.waitForTaskToken",
                "lambda",
                "invoke.waitForTaskToken",
                true,
            ),
            ("http:invoke", "http", "invoke", false),
            (
                "aws-sdk:sfn:sendTaskSuccess",
                "aws-sdk:sfn",
                "sendTaskSuccess",
                false,
            ),
        ] {
            let parsed = Resource::parse(&format!("arn:aws:states:::{text}"));
            assert_eq!(parsed.waits_after_submission(), waits, "{text}");
            let Resource::Action(action) = parsed else {
                panic!("{text} is served");
            };
            assert_eq!(
                (action.service.as_str(), action.resource().as_str()),
                (service, resource)
            );
        }
    }

    #[test]
    fn a_function_is_served_by_its_arn() {
        for arn in [
            "arn:aws:lambda:eu-west-1:000000000000:function:f",
            "arn:aws:lambda:eu-west-1:000000000000:function:f:3",
        ] {
            assert_eq!(Resource::parse(arn), Resource::Function(arn.to_owned()));
        }
    }

    #[test]
    fn every_other_resource_is_unserved_and_keeps_its_text() {
        for arn in [
            "",
            "arn:",
            "arn:aws:states:::",
            "arn:aws:states:::.",
            "arn:aws:states:::sqs:sendMessage.sync",
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken.sync",
            "arn:aws:states:::http:invoke.waitForTaskToken",
            "arn:aws:states:::aws-sdk:sqs:SendMessage",
            "arn:aws:states:::aws-sdk:s3:getObject",
            "arn:aws:lambda:x:1:function:",
            "arn:aws:lambda:x:1:function:f:1:2",
        ] {
            assert_eq!(Resource::parse(arn), Resource::Unserved(arn.to_owned()));
        }
    }
}
