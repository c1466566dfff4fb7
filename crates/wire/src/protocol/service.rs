//! The AWS services of which a part is served, and their names in each context.

use super::Protocol;

/// An AWS service of which a part is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// AWS Step Functions.
    States,
    /// AWS SQS.
    Sqs,
    /// AWS Security Token Service, which tools ask for their account and credential before they begin.
    Sts,
}

impl Service {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::States, Self::Sqs, Self::Sts];

    /// What stands before the dot in `X-Amz-Target`.
    pub(crate) fn target_prefix(self) -> &'static str {
        match self {
            Self::States => "AWSStepFunctions",
            Self::Sqs => "AmazonSQS",
            Self::Sts => "AWSSecurityTokenServiceV20110615",
        }
    }

    /// The service's name in the scope of a credential.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Self::States => "states",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
        }
    }

    /// The service with this name in the scope of a credential, if it is served.
    pub(crate) fn from_signing_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.signing_name() == name)
    }

    /// Name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::States => "Step Functions",
            Self::Sqs => "SQS",
            Self::Sts => "STS",
        }
    }

    /// The service with this prefix in `X-Amz-Target`, if it is served.
    pub(crate) fn from_target_prefix(prefix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.target_prefix() == prefix)
    }

    /// Longest request in bytes. The longest member of either service, a message or a definition, has 1 MiB. In JSON a
    /// byte may become six (`\u003c`), since some clients escape everything that is not plain ASCII; in a form, three
    /// (`%3C`). The rest is for the other members.
    pub(crate) fn longest_request(self, protocol: Protocol) -> usize {
        const MAX_MEMBER_BYTES: usize = 1 << 20;
        const OTHER_MEMBERS: usize = 64 << 10;
        const ESCAPED_IN_JSON: usize = "\\u003c".len();
        const ESCAPED_IN_A_FORM: usize = "%3C".len();
        match (self, protocol) {
            (Self::States | Self::Sqs, Protocol::Json) => {
                MAX_MEMBER_BYTES * ESCAPED_IN_JSON + OTHER_MEMBERS
            }
            (Self::States | Self::Sqs, Protocol::Query) => {
                MAX_MEMBER_BYTES * ESCAPED_IN_A_FORM + OTHER_MEMBERS
            }
            (Self::Sts, _) => OTHER_MEMBERS,
        }
    }
}

/// The services that are served, for error texts.
pub(crate) fn services() -> String {
    let named = |service: Service| format!("{} ({})", service.title(), service.target_prefix());
    Service::ALL.map(named).join(", ")
}
