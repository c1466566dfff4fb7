//! Logging, tracing and encryption of a state machine: checked as AWS checks them, stored and shown again. They have no
//! effect here. A setting equal to its default is not stored, so that two requests compare by their meaning.

use rampmeter_engine::Settings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::MAX_ARN_CHARS;
use crate::protocol::error::WireError;

/// The most characters of the name of a key.
const MAX_KEY_CHARS: usize = 2_048;

/// Seconds for which a data key may be used again.
const REUSE_SECONDS: std::ops::RangeInclusive<i64> = 60..=900;

/// The members of CreateStateMachine and UpdateStateMachine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configured {
    logging_configuration: Option<Logging>,
    tracing_configuration: Option<Tracing>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logging {
    level: Option<String>,
    include_execution_data: Option<bool>,
    destinations: Option<Vec<Destination>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tracing {
    enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Encryption {
    r#type: Option<String>,
    kms_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<i64>,
}

/// `loggingConfiguration` where none was given.
pub(super) fn no_logging() -> Value {
    json!({ "level": "OFF", "includeExecutionData": false })
}

/// `tracingConfiguration` where none was given.
pub(super) fn no_tracing() -> Value {
    json!({ "enabled": false })
}

/// `encryptionConfiguration` where none was given.
pub(super) fn own_key() -> Value {
    json!({ "type": "AWS_OWNED_KEY" })
}

/// What a state machine shows of its settings, by AWS's names.
pub(super) fn shown(settings: &Settings) -> [(&'static str, Value); 3] {
    let setting = |name: &'static str, otherwise: Value| {
        (name, settings.get(name).cloned().unwrap_or(otherwise))
    };
    [
        setting("loggingConfiguration", no_logging()),
        setting("tracingConfiguration", no_tracing()),
        setting("encryptionConfiguration", own_key()),
    ]
}

impl Configured {
    /// Whether none of them was given.
    pub(super) fn is_empty(&self) -> bool {
        self.logging_configuration.is_none()
            && self.tracing_configuration.is_none()
            && self.encryption_configuration.is_none()
    }

    /// The settings that were given, complete, under AWS's names.
    pub(super) fn into_settings(self) -> Result<Settings, WireError> {
        let mut settings = Settings::new();
        if let Some(logging) = self.logging_configuration {
            settings.insert("loggingConfiguration".to_owned(), logging.check()?);
        }
        if let Some(tracing) = self.tracing_configuration {
            let enabled = tracing.enabled.unwrap_or(false);
            let value = json!({ "enabled": enabled });
            settings.insert("tracingConfiguration".to_owned(), value);
        }
        if let Some(encryption) = self.encryption_configuration {
            settings.insert("encryptionConfiguration".to_owned(), encryption.check()?);
        }
        Ok(settings)
    }
}

impl Destination {
    fn log_group_arn(&self) -> Option<&str> {
        let group = self.cloud_watch_logs_log_group.as_ref()?;
        group.log_group_arn.as_deref()
    }
}

impl Logging {
    fn check(self) -> Result<Value, WireError> {
        const LEVELS: [&str; 4] = ["ALL", "ERROR", "FATAL", "OFF"];
        let level = self.level.as_deref().unwrap_or("OFF");
        let mut constraints = Constraints::new();
        constraints.one_of("loggingConfiguration.level", Some(level), &LEVELS);
        let destinations = self.destinations.unwrap_or_default();
        for (number, destination) in (1..).zip(&destinations) {
            let list = "loggingConfiguration.destinations";
            let member = format!("{list}.{number}.member.cloudWatchLogsLogGroup.logGroupArn");
            constraints.optional(&member, destination.log_group_arn(), 1..=MAX_ARN_CHARS);
        }
        constraints.check()?;
        let refused = |why: &str| {
            let message = format!("Invalid Logging Configuration: {why}");
            Err(WireError::new("InvalidLoggingConfiguration", message))
        };
        if destinations.len() > 1 || (level != "OFF" && destinations.is_empty()) {
            return refused("Must specify exactly one Log Destination.");
        }
        let is_group =
            |destination: &Destination| destination.log_group_arn().is_some_and(is_log_group);
        if !destinations.iter().all(is_group) {
            return refused("Log Destination not found.");
        }
        let mut value = json!({
            "level": level,
            "includeExecutionData": self.include_execution_data.unwrap_or(false),
        });
        if !destinations.is_empty() {
            value["destinations"] = json!(destinations);
        }
        Ok(value)
    }
}

/// `arn:aws:logs:<region>:<account>:log-group:<name>:*`. There are no log groups here; any that AWS could have is
/// accepted.
fn is_log_group(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(
        parts.as_slice(),
        ["arn", _, "logs", _, _, "log-group", name, "*"] if !name.is_empty()
    )
}

impl Encryption {
    /// The setting, complete.
    pub(super) fn check(self) -> Result<Value, WireError> {
        let kind = self.r#type.as_deref();
        let mut constraints = Constraints::new();
        let member = "encryptionConfiguration.type";
        constraints.present(member, kind.as_ref());
        constraints.one_of(member, kind, &["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"]);
        let key = self.kms_key_id.as_deref();
        constraints.optional("encryptionConfiguration.kmsKeyId", key, 1..=MAX_KEY_CHARS);
        let member = "encryptionConfiguration.kmsDataKeyReusePeriodSeconds";
        let seconds = self.kms_data_key_reuse_period_seconds;
        constraints.at_least(member, seconds, *REUSE_SECONDS.start());
        constraints.at_most(member, seconds, *REUSE_SECONDS.end());
        constraints.check()?;
        let own = kind == Some("AWS_OWNED_KEY");
        let refused = |why: &str| {
            let message = format!("Invalid Encryption Configuration: {why}");
            Err(WireError::new("InvalidEncryptionConfiguration", message))
        };
        if own && (self.kms_key_id.is_some() || self.kms_data_key_reuse_period_seconds.is_some()) {
            return refused(
                "kmsKeyId and kmsDataKeyReusePeriodSeconds must not be given with AWS_OWNED_KEY",
            );
        }
        if own {
            return Ok(own_key());
        }
        let Some(key) = self.kms_key_id else {
            return refused("kmsKeyId must be given with CUSTOMER_MANAGED_KMS_KEY");
        };
        Ok(json!({
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kmsKeyId": key,
            "kmsDataKeyReusePeriodSeconds": self.kms_data_key_reuse_period_seconds.unwrap_or(300),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<Settings, WireError> {
        let configured: Configured = serde_json::from_value(value).expect("it has the form");
        configured.into_settings()
    }

    #[test]
    fn what_is_left_out_of_a_setting_is_filled_in() {
        let settings = read(json!({ "loggingConfiguration": {}, "tracingConfiguration": {} }))
            .expect("all of it may be left out");
        assert_eq!(settings["loggingConfiguration"], no_logging());
        assert_eq!(settings["tracingConfiguration"], no_tracing());
    }

    #[test]
    fn logs_go_to_exactly_one_log_group() {
        let group = |arn: &str| json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } });
        let arn = "arn:aws:logs:us-east-1:000000000000:log-group:orders:*";
        let with = |destinations: Value| {
            read(
                json!({ "loggingConfiguration": { "level": "ALL", "destinations": destinations } }),
            )
        };
        assert!(with(json!([group(arn)])).is_ok());
        for bad in [
            json!([]),
            json!([group(arn), group(arn)]),
            json!([group("orders")]),
            json!([{}]),
        ] {
            let refused = with(bad).expect_err("refused");
            assert_eq!(refused.name, "InvalidLoggingConfiguration");
        }
    }

    #[test]
    fn a_key_of_ones_own_is_named() {
        let with = |encryption: Value| read(json!({ "encryptionConfiguration": encryption }));
        let customer = "CUSTOMER_MANAGED_KMS_KEY";
        assert!(with(json!({ "type": "AWS_OWNED_KEY" })).is_ok());
        assert!(with(json!({ "type": customer, "kmsKeyId": "alias/a" })).is_ok());
        for bad in [
            json!({}),
            json!({ "type": "NONE" }),
            json!({ "type": customer }),
            json!({ "type": customer, "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 59 }),
            json!({ "type": "AWS_OWNED_KEY", "kmsKeyId": "k" }),
        ] {
            assert!(with(bad.clone()).is_err(), "{bad}");
        }
    }
}
