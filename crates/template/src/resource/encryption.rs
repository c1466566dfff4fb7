//! The user's own keys, each optional: without one AWS encrypts with a key of its own, which needs no rights.
//!
//! A key that a stack only names must allow the stack's roles to use it, either by its policy or by leaving that to IAM.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html>

use serde_json::{Value, json};

use super::role::allow;
use crate::document::{Template, either, reference};

/// A key that the user may give.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The parameter with its ARN.
    pub(crate) parameter: &'static str,
    /// The condition that it was given.
    pub(crate) condition: &'static str,
    /// What it encrypts.
    what: &'static str,
    /// The name of the right to use it.
    right: &'static str,
}

/// The key of all queues.
pub(crate) const QUEUE_KEY: Key = Key {
    parameter: "QueueKeyArn",
    condition: "HasQueueKey",
    what: "the queues",
    right: "UseQueueKey",
};
/// The key of the table of permits.
pub(crate) const TABLE_KEY: Key = Key {
    parameter: "TableKeyArn",
    condition: "HasTableKey",
    what: "the table of permits",
    right: "UseTableKey",
};
/// The key of the log groups, which CloudWatch Logs itself must be allowed to use.
pub(crate) const LOG_KEY: Key = Key {
    parameter: "LogKeyArn",
    condition: "HasLogKey",
    what: "the logs",
    right: "UseLogKey",
};
/// The key of the secrets and parameters that the configuration names.
pub(crate) const SECRET_KEY: Key = Key {
    parameter: "SecretKeyArn",
    condition: "HasSecretKey",
    what: "the secrets",
    right: "UseSecretKey",
};

/// All of them, in the order of their parameters.
pub(crate) const KEYS: [Key; 4] = [QUEUE_KEY, TABLE_KEY, LOG_KEY, SECRET_KEY];

impl Key {
    /// Adds its parameter and its condition.
    pub(crate) fn add(self, template: &mut Template) {
        let description = format!("ARN of the KMS key of {}; AWS's own if empty.", self.what);
        template.parameter(
            self.parameter,
            json!({ "Type": "String", "Description": description, "Default": "" }),
        );
        let is_empty = json!({ "Fn::Equals": [reference(self.parameter), ""] });
        template.condition(self.condition, json!({ "Fn::Not": [is_empty] }));
    }

    /// Its ARN, where there is one.
    pub(crate) fn arn(self) -> Value {
        either(
            self.condition,
            reference(self.parameter),
            reference("AWS::NoValue"),
        )
    }

    /// The right to read what it encrypts.
    pub(crate) fn allow_reading(self) -> Value {
        self.allow(&["kms:Decrypt"])
    }

    /// The right to read and to write what it encrypts.
    pub(crate) fn allow_use(self) -> Value {
        self.allow(&["kms:Decrypt", "kms:GenerateDataKey"])
    }

    fn allow(self, actions: &[&str]) -> Value {
        let right = allow(self.right, actions, reference(self.parameter));
        either(self.condition, right, reference("AWS::NoValue"))
    }
}
