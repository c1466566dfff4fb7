//! Logging, tracing and encryption of a state machine: checked as AWS checks them, kept and shown again. They have no
//! effect here. A setting that says what is so without it is not kept, so that two requests compare by what they mean.

use rampmeter_engine::Settings;
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use crate::protocol::error::WireError;

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
    destinations: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Tracing {
    enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encryption {
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

impl Logging {
    fn check(self) -> Result<Value, WireError> {
        const LEVELS: [&str; 4] = ["ALL", "ERROR", "FATAL", "OFF"];
        let level = self.level.as_deref().unwrap_or("OFF");
        let mut constraints = Constraints::new();
        if !LEVELS.contains(&level) {
            constraints.fail(
                "loggingConfiguration.level",
                Some(level),
                "Member must satisfy enum value set: [ALL, ERROR, FATAL, OFF]",
            );
        }
        constraints.check()?;
        let destinations = self.destinations.unwrap_or_default();
        let refused = |why: &str| {
            let message = format!("Invalid Logging Configuration: {why}");
            Err(WireError::new("InvalidLoggingConfiguration", message))
        };
        if destinations.len() > 1 || (level != "OFF" && destinations.is_empty()) {
            return refused("Must specify exactly one Log Destination.");
        }
        let is_group = |destination: &Value| {
            let arn = destination.pointer("/cloudWatchLogsLogGroup/logGroupArn");
            arn.and_then(Value::as_str).is_some_and(is_log_group)
        };
        if !destinations.iter().all(is_group) {
            return refused("Log Destination not found.");
        }
        let mut value = json!({
            "level": level,
            "includeExecutionData": self.include_execution_data.unwrap_or(false),
        });
        if !destinations.is_empty() {
            value["destinations"] = Value::Array(destinations);
        }
        Ok(value)
    }
}

/// `arn:aws:logs:<region>:<account>:log-group:<name>:*`. There are no log groups here; one that AWS could have is taken.
fn is_log_group(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(
        parts.as_slice(),
        ["arn", _, "logs", _, _, "log-group", name, "*"] if !name.is_empty()
    )
}

impl Encryption {
    fn check(self) -> Result<Value, WireError> {
        let kind = self.r#type.as_deref();
        let mut constraints = Constraints::new();
        match kind {
            Some("AWS_OWNED_KEY" | "CUSTOMER_MANAGED_KMS_KEY") => {}
            None => constraints.fail(
                "encryptionConfiguration.type",
                None,
                "Member must not be null",
            ),
            Some(other) => constraints.fail(
                "encryptionConfiguration.type",
                Some(other),
                "Member must satisfy enum value set: [AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]",
            ),
        }
        if let Some(seconds) = self.kms_data_key_reuse_period_seconds
            && !REUSE_SECONDS.contains(&seconds)
        {
            let rule = if seconds < *REUSE_SECONDS.start() {
                "Member must have value greater than or equal to 60"
            } else {
                "Member must have value less than or equal to 900"
            };
            constraints.fail(
                "encryptionConfiguration.kmsDataKeyReusePeriodSeconds",
                Some(&seconds.to_string()),
                rule,
            );
        }
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
            json!([7]),
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
