//! The attributes of a queue: which ones exist, the values they take, and their defaults.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use std::time::Duration;

use serde_json::Value;

use crate::model::queue_error::QueueError;
use crate::model::rejected::Rejected;
use crate::model::sqs::Names;

/// An attribute whose value is a number: its name, minimum, maximum and default.
type NumberAttribute = (&'static str, u32, u32, u32);

const NUMBERS: &[NumberAttribute] = &[
    ("VisibilityTimeout", 0, 43_200, 30),
    ("MaximumMessageSize", 1_024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("DelaySeconds", 0, 900, 0),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
];

/// Attributes that are absent until somebody sets them.
const OPTIONAL: &[&str] = &["Policy", "RedrivePolicy", "RedriveAllowPolicy"];

/// Only on a FIFO queue: the name, the values, the default.
const FIFO: &[(&str, &[&str], &str)] = &[
    ("ContentBasedDeduplication", &["true", "false"], "false"),
    ("DeduplicationScope", &["queue", "messageGroup"], "queue"),
    (
        "FifoThroughputLimit",
        &["perQueue", "perMessageGroupId"],
        "perQueue",
    ),
];

/// What can be asked of a queue but not set.
pub const COMPUTED: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// Encryption at rest is left to the disk here; the settings are kept for tools that compare what they set.
const KMS: &[&str] = &["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"];

/// Where a queue sends messages that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedrivePolicy {
    /// As the policy gives it.
    pub dead_letter_arn: String,
    /// Name of the dead-letter queue.
    pub dead_letter_queue: String,
    /// Receives after which the next one moves the message.
    pub max_receive_count: u32,
}

/// The attributes of one queue: those that were set, in the form in which they are returned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueAttributes {
    set: Names,
    redrive: Option<RedrivePolicy>,
}

impl QueueAttributes {
    /// Attributes from the store, where they have already been checked.
    pub fn stored(set: Names) -> QueueAttributes {
        let redrive = set
            .get("RedrivePolicy")
            .and_then(|policy| read_redrive_policy(policy).ok());
        QueueAttributes { set, redrive }
    }

    /// The attributes as they are kept in the store.
    pub fn names(&self) -> &Names {
        &self.set
    }

    /// Checks the attributes that a client gave, and sets them. An empty value unsets an attribute.
    pub fn set(&mut self, given: &Names) -> Result<(), Rejected> {
        let mut set = self.set.clone();
        for (name, value) in given {
            if value.is_empty()
                && (OPTIONAL.contains(&name.as_str()) || KMS.contains(&name.as_str()))
            {
                set.remove(name);
                continue;
            }
            set.insert(name.clone(), checked(name, value, self.is_fifo())?);
        }
        if set.get("FifoThroughputLimit").map(String::as_str) == Some("perMessageGroupId")
            && set.get("DeduplicationScope").map(String::as_str) != Some("messageGroup")
        {
            return Err(invalid_value(
                "Invalid value for the parameter FifoThroughputLimit. Reason: The value perMessageGroupId is allowed only when DeduplicationScope is messageGroup.",
            ));
        }
        if given
            .get("SqsManagedSseEnabled")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
            && set.contains_key("KmsMasterKeyId")
        {
            return Err(invalid_value(
                "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
            ));
        }
        let redrive = match set.get("RedrivePolicy") {
            Some(policy) => Some(
                read_redrive_policy(policy)
                    .map_err(|reason| parameter("RedrivePolicy", policy, reason))?,
            ),
            None => None,
        };
        self.set = set;
        self.redrive = redrive;
        Ok(())
    }

    /// Marks a queue as FIFO; it stays so.
    pub fn make_fifo(&mut self) {
        self.set.insert("FifoQueue".to_owned(), "true".to_owned());
    }

    /// Whether the queue is FIFO.
    pub fn is_fifo(&self) -> bool {
        self.set.contains_key("FifoQueue")
    }

    /// Whether the digest of its body is used for a message without a deduplication id.
    pub fn content_based_deduplication(&self) -> bool {
        self.set
            .get("ContentBasedDeduplication")
            .is_some_and(|value| value == "true")
    }

    /// Whether deduplication applies within each message group only.
    pub fn deduplicates_within_groups(&self) -> bool {
        self.set
            .get("DeduplicationScope")
            .is_some_and(|value| value == "messageGroup")
    }

    /// Where messages that were received too often go.
    pub fn redrive(&self) -> Option<&RedrivePolicy> {
        self.redrive.as_ref()
    }

    /// Whether a queue with this name may send its dead letters here.
    pub fn allows_redrive_from(&self, source: &str) -> bool {
        let Some(policy) = self.set.get("RedriveAllowPolicy") else {
            return true;
        };
        let policy: Value = serde_json::from_str(policy).unwrap_or_default();
        match policy["redrivePermission"].as_str() {
            Some("denyAll") => false,
            Some("byQueue") => policy["sourceQueueArns"].as_array().is_some_and(|arns| {
                arns.iter()
                    .filter_map(Value::as_str)
                    .any(|arn| arn.rsplit(':').next() == Some(source))
            }),
            _ => true,
        }
    }

    /// How long a received message stays hidden.
    pub fn visibility_timeout(&self) -> Duration {
        self.seconds("VisibilityTimeout")
    }

    /// The delay of a message that sets none.
    pub fn delay(&self) -> Duration {
        self.seconds("DelaySeconds")
    }

    /// How long a message is kept.
    pub fn retention(&self) -> Duration {
        self.seconds("MessageRetentionPeriod")
    }

    /// How long a receive waits that sets no wait time.
    pub fn wait_time(&self) -> Duration {
        self.seconds("ReceiveMessageWaitTimeSeconds")
    }

    /// The maximum size of a message, its attributes included, in bytes.
    pub fn maximum_message_size(&self) -> usize {
        self.number("MaximumMessageSize") as usize
    }

    /// Every attribute that is not computed, as GetQueueAttributes returns it.
    pub fn shown(&self) -> Names {
        let mut shown = self.set.clone();
        for (name, _, _, default) in NUMBERS {
            shown
                .entry((*name).to_owned())
                .or_insert_with(|| default.to_string());
        }
        if self.is_fifo() {
            for (name, _, default) in FIFO {
                shown
                    .entry((*name).to_owned())
                    .or_insert_with(|| (*default).to_owned());
            }
        }
        let encrypted_by_key = self.set.contains_key("KmsMasterKeyId");
        if encrypted_by_key {
            shown
                .entry("KmsDataKeyReusePeriodSeconds".to_owned())
                .or_insert_with(|| "300".to_owned());
        }
        shown
            .entry("SqsManagedSseEnabled".to_owned())
            .or_insert_with(|| (!encrypted_by_key).to_string());
        shown
    }

    /// The first of these attributes that this queue has with a different value.
    pub fn differs_from(&self, given: &Names) -> Result<Option<String>, Rejected> {
        let mut wanted = self.clone();
        wanted.set(given)?;
        let (have, want) = (self.shown(), wanted.shown());
        Ok(want
            .into_iter()
            .find(|(name, value)| have.get(name) != Some(value))
            .map(|(name, _)| name))
    }

    fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(self.number(name).into())
    }

    fn number(&self, name: &str) -> u32 {
        let (.., default) = NUMBERS
            .iter()
            .find(|(known, ..)| *known == name)
            .expect("the name of a number is in the table");
        self.set
            .get(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(*default)
    }
}

/// Whether a queue of this type has an attribute with this name that can be requested.
pub fn is_known(name: &str, fifo: bool) -> bool {
    let of_fifo = || name == "FifoQueue" || FIFO.iter().any(|(known, ..)| *known == name);
    NUMBERS.iter().any(|(known, ..)| *known == name)
        || OPTIONAL.contains(&name)
        || COMPUTED.contains(&name)
        || KMS.contains(&name)
        || ["All", "SqsManagedSseEnabled"].contains(&name)
        || (fifo && of_fifo())
}

/// A value in the form in which it is kept, if this queue can have it.
fn checked(name: &str, value: &str, fifo: bool) -> Result<String, Rejected> {
    if let Some((_, least, greatest, _)) = NUMBERS.iter().find(|(known, ..)| *known == name) {
        return match value.parse::<u32>() {
            Ok(number) if (*least..=*greatest).contains(&number) => Ok(number.to_string()),
            _ => Err(invalid_value(&format!(
                "Invalid value for the parameter {name}."
            ))),
        };
    }
    if let Some((_, values, _)) = FIFO.iter().find(|(known, ..)| *known == name && fifo) {
        return values
            .iter()
            .find(|known| known.eq_ignore_ascii_case(value))
            .map(|known| (*known).to_owned())
            .ok_or_else(|| invalid_value(&format!("Invalid value for the parameter {name}.")));
    }
    match name {
        "FifoQueue" if fifo && value.eq_ignore_ascii_case("true") => Ok("true".to_owned()),
        "FifoQueue" if fifo => Err(invalid_value(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        )),
        "SqsManagedSseEnabled" => match value.to_ascii_lowercase().as_str() {
            known @ ("true" | "false") => Ok(known.to_owned()),
            _ => Err(invalid_value(
                "Invalid value for the parameter SqsManagedSseEnabled.",
            )),
        },
        "KmsMasterKeyId" => Ok(value.to_owned()),
        "KmsDataKeyReusePeriodSeconds" => match value.parse::<u32>() {
            Ok(60..=86_400) => Ok(value.to_owned()),
            _ => Err(invalid_value(
                "Invalid value for the parameter KmsDataKeyReusePeriodSeconds.",
            )),
        },
        "Policy" => match serde_json::from_str::<Value>(value) {
            Ok(policy) if policy.is_object() => Ok(policy.to_string()),
            _ => Err(invalid_value("Invalid value for the parameter Policy.")),
        },
        "RedrivePolicy" => match serde_json::from_str::<Value>(value) {
            Ok(policy) if policy.is_object() => Ok(policy.to_string()),
            _ => Err(parameter(name, value, NO_MAP.to_owned())),
        },
        "RedriveAllowPolicy" => redrive_allow_policy(value),
        _ => Err(QueueError::InvalidAttributeName(name.to_owned()).into()),
    }
}

const NO_MAP: &str = "Redrive policy is not a valid JSON map.";

/// Reads a redrive policy; `Err` says what is wrong with it.
fn read_redrive_policy(text: &str) -> Result<RedrivePolicy, String> {
    let policy: Value = serde_json::from_str(text).map_err(|_| NO_MAP.to_owned())?;
    let missing =
        |name: &str| format!("Redrive policy does not contain mandatory attribute: {name}.");
    let arn = policy
        .get("deadLetterTargetArn")
        .ok_or_else(|| missing("deadLetterTargetArn"))?;
    let count = policy
        .get("maxReceiveCount")
        .ok_or_else(|| missing("maxReceiveCount"))?;
    let dead_letter_arn = arn
        .as_str()
        .filter(|arn| arn.starts_with("arn:aws") && arn.split(':').count() == 6)
        .ok_or("Invalid value for deadLetterTargetArn.")?;
    let dead_letter_queue = dead_letter_arn.rsplit(':').next().unwrap_or_default();
    let number = match count {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    let shown = match count {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let max_receive_count = number.filter(|number| (1..=1_000).contains(number)).ok_or(format!(
        "Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive."
    ))?;
    Ok(RedrivePolicy {
        dead_letter_arn: dead_letter_arn.to_owned(),
        dead_letter_queue: dead_letter_queue.to_owned(),
        max_receive_count,
    })
}

/// A redrive allow policy: all queues, none, or at most ten named ones.
fn redrive_allow_policy(text: &str) -> Result<String, Rejected> {
    let refused = |reason: &str| parameter("RedriveAllowPolicy", text, reason.to_owned());
    let policy: Value = serde_json::from_str(text).map_err(|_| {
        refused(
            "Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format.",
        )
    })?;
    let sources = policy.get("sourceQueueArns");
    match policy["redrivePermission"].as_str() {
        Some("byQueue") => match sources.and_then(Value::as_array) {
            Some(arns) if (1..=10).contains(&arns.len()) && arns.iter().all(Value::is_string) => {
                Ok(policy.to_string())
            }
            _ => Err(refused(
                "Amazon SQS can't create the redrive allow policy. The sourceQueueArns must name 1 to 10 queues.",
            )),
        },
        Some("allowAll" | "denyAll") if sources.is_none() => Ok(policy.to_string()),
        Some("allowAll" | "denyAll") => Err(refused(
            "Amazon SQS can't create the redrive allow policy. The sourceQueueArns parameter requires byQueue.",
        )),
        _ => Err(refused(
            "Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format.",
        )),
    }
}

fn invalid_value(text: &str) -> Rejected {
    QueueError::InvalidAttributeValue(text.to_owned()).into()
}

/// A parameter with a value that SQS does not accept.
pub fn parameter(name: &str, value: &str, reason: impl Into<String>) -> Rejected {
    Rejected::InvalidParameter(format!(
        "Value {value} for parameter {name} is invalid. Reason: {}",
        reason.into()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[(&str, &str)]) -> Names {
        given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_nobody_set_has_its_default() {
        let queue = QueueAttributes::default();
        assert_eq!(queue.visibility_timeout(), Duration::from_secs(30));
        assert_eq!(queue.maximum_message_size(), 1_048_576);
        assert_eq!(queue.shown()["MessageRetentionPeriod"], "345600");
        assert_eq!(queue.shown()["SqsManagedSseEnabled"], "true");
        assert!(!queue.shown().contains_key("DeduplicationScope"));
    }

    #[test]
    fn a_number_out_of_its_range_is_refused_and_changes_nothing() {
        let mut queue = QueueAttributes::default();
        for value in ["-1", "43201", "many", ""] {
            let given = names(&[("DelaySeconds", "5"), ("VisibilityTimeout", value)]);
            assert!(queue.set(&given).is_err(), "{value}");
        }
        assert_eq!(queue, QueueAttributes::default());
    }

    #[test]
    fn attributes_of_fifo_queues_are_unknown_to_others() {
        let mut queue = QueueAttributes::default();
        let given = names(&[("ContentBasedDeduplication", "true")]);
        assert_eq!(
            queue.set(&given).unwrap_err().to_string(),
            "Unknown Attribute ContentBasedDeduplication."
        );
        queue.make_fifo();
        queue.set(&given).unwrap();
        assert!(queue.content_based_deduplication());
    }

    #[test]
    fn a_redrive_policy_names_a_queue_and_a_number_of_receives() {
        let mut queue = QueueAttributes::default();
        let arn = "arn:aws:sqs:us-east-1:000000000000:dead";
        for count in ["3", "\"3\""] {
            let policy =
                format!("{{\"deadLetterTargetArn\": \"{arn}\", \"maxReceiveCount\": {count}}}");
            queue.set(&names(&[("RedrivePolicy", &policy)])).unwrap();
            assert_eq!(
                queue.redrive(),
                Some(&RedrivePolicy {
                    dead_letter_arn: arn.to_owned(),
                    dead_letter_queue: "dead".to_owned(),
                    max_receive_count: 3
                })
            );
        }
        queue.set(&names(&[("RedrivePolicy", "")])).unwrap();
        assert_eq!(queue.redrive(), None);
        for bad in [
            "no JSON",
            "{}",
            "[]",
            &format!("{{\"deadLetterTargetArn\":\"{arn}\",\"maxReceiveCount\":0}}"),
        ] {
            assert!(
                queue.set(&names(&[("RedrivePolicy", bad)])).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_redrive_allow_policy_lets_in_whom_it_names() {
        let mut queue = QueueAttributes::default();
        assert!(queue.allows_redrive_from("any"));
        queue
            .set(&names(&[(
                "RedriveAllowPolicy",
                "{\"redrivePermission\":\"denyAll\"}",
            )]))
            .unwrap();
        assert!(!queue.allows_redrive_from("any"));
        let one =
            "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"arn:aws:sqs:r:a:one\"]}";
        queue.set(&names(&[("RedriveAllowPolicy", one)])).unwrap();
        assert!(queue.allows_redrive_from("one"));
        assert!(!queue.allows_redrive_from("two"));
    }
}
