//! What a Task state calls: the `Resource` ARN as a type. Which ARN this interpreter serves is
//! decided here and nowhere else; how it is called is the host's affair.

use serde::{Deserialize, Serialize};

/// The service integration a Task state names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// `arn:<partition>:states:::sqs:sendMessage`, with or without `.waitForTaskToken`.
    SqsSendMessage {
        /// Whether the state goes on only when its task token is answered.
        wait_for_task_token: bool,
    },
    /// Any other resource, as written. An execution that reaches it fails.
    Unserved(String),
}

impl Resource {
    /// Reads a `Resource` field. The partition (`aws`, `aws-cn`, `aws-us-gov`) does not matter.
    #[must_use]
    pub fn parse(arn: &str) -> Self {
        let integration = arn
            .strip_prefix("arn:")
            .and_then(|rest| rest.split_once(':'))
            .and_then(|(_partition, rest)| rest.strip_prefix("states:::"));
        match integration {
            Some("sqs:sendMessage") => Self::SqsSendMessage {
                wait_for_task_token: false,
            },
            Some("sqs:sendMessage.waitForTaskToken") => Self::SqsSendMessage {
                wait_for_task_token: true,
            },
            _ => Self::Unserved(arn.to_owned()),
        }
    }

    /// Whether the task waits for its task token to be answered.
    #[must_use]
    pub fn awaits_token(&self) -> bool {
        matches!(
            self,
            Self::SqsSendMessage {
                wait_for_task_token: true
            }
        )
    }

    /// The `resourceType` of its events, such as `sqs`.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        match self {
            Self::SqsSendMessage { .. } => "sqs",
            Self::Unserved(_) => "",
        }
    }

    /// The `resource` of its events, such as `sendMessage.waitForTaskToken`.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self {
            Self::SqsSendMessage {
                wait_for_task_token: false,
            } => "sendMessage",
            Self::SqsSendMessage {
                wait_for_task_token: true,
            } => "sendMessage.waitForTaskToken",
            Self::Unserved(arn) => arn,
        }
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
            assert!(!Resource::parse(&arn).awaits_token());
            assert_eq!(Resource::parse(&arn).resource(), "sendMessage");
        }
    }

    #[test]
    fn every_other_resource_is_unserved_and_keeps_its_text() {
        for arn in [
            "",
            "arn:",
            "arn:aws:states:::sqs:sendMessage.sync",
            "arn:aws:lambda:x:1:function:f",
        ] {
            assert_eq!(Resource::parse(arn), Resource::Unserved(arn.to_owned()));
        }
    }
}
