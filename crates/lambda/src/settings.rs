//! What the function's environment says: its role, its target, and where to find the rest.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::daemon;

/// What a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Drains the queues under limits that all drainers share.
    Drain,
    /// Makes one call at a time; reserved concurrency is the limit.
    Slot,
    /// Fails the tasks of messages that nobody could deliver.
    Undelivered,
}

/// The settings of a function.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) role: Role,
    pub(crate) target: String,
    /// The configuration, in a layer.
    pub(crate) config: PathBuf,
    /// The table of the shared item; a drainer has one.
    pub(crate) table: Option<String>,
    /// The prefix of the URLs of the target's queues.
    pub(crate) queues: String,
    /// The role that EventBridge Scheduler assumes to wake the worker.
    pub(crate) scheduler_role: Option<String>,
    /// The function's own name.
    pub(crate) function: String,
    pub(crate) service: String,
    /// The X-Ray daemon, where Lambda traces the function.
    pub(crate) daemon: Option<SocketAddr>,
    pub(crate) namespace: String,
}

/// A setting is missing or wrong.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum SettingsError {
    #[error(
        "the environment variable {0} is not set; `rampmeter aws synth` writes a template that sets it"
    )]
    Missing(&'static str),
    #[error("RAMPMETER_ROLE is {0:?}; it must be drain, slot or undelivered")]
    Role(String),
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub(crate) fn read(
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, SettingsError> {
        let set = |name: &'static str| environment(name).filter(|value| !value.is_empty());
        let needed = |name| set(name).ok_or(SettingsError::Missing(name));
        let role = match needed("RAMPMETER_ROLE")?.as_str() {
            "drain" => Role::Drain,
            "slot" => Role::Slot,
            "undelivered" => Role::Undelivered,
            other => return Err(SettingsError::Role(other.to_owned())),
        };
        let table = set("RAMPMETER_TABLE");
        if role == Role::Drain && table.is_none() {
            return Err(SettingsError::Missing("RAMPMETER_TABLE"));
        }
        let target = needed("RAMPMETER_TARGET")?;
        Ok(Settings {
            role,
            config: set("RAMPMETER_CONFIG")
                .unwrap_or_else(|| "/opt/rampmeter.toml".to_owned())
                .into(),
            table,
            queues: needed("RAMPMETER_QUEUES")?,
            scheduler_role: set("RAMPMETER_SCHEDULER_ROLE"),
            function: set("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "rampmeter".to_owned()),
            daemon: set("AWS_XRAY_DAEMON_ADDRESS").and_then(|text| daemon::address(&text)),
            service: set("POWERTOOLS_SERVICE_NAME").unwrap_or_else(|| target.clone()),
            namespace: set("POWERTOOLS_METRICS_NAMESPACE")
                .unwrap_or_else(|| "Rampmeter".to_owned()),
            target,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_synth_sets_is_enough_and_what_is_missing_is_named() {
        let mut all = vec![
            ("RAMPMETER_ROLE", "drain"),
            ("RAMPMETER_TARGET", "netsuite"),
            ("RAMPMETER_QUEUES", "https://queues/netsuite"),
            ("RAMPMETER_TABLE", "limits"),
        ];
        let settings = read(&all).unwrap();
        assert_eq!(settings.role, Role::Drain);
        assert_eq!(settings.service, "netsuite");
        assert_eq!(settings.config, PathBuf::from("/opt/rampmeter.toml"));
        all.pop();
        assert_eq!(
            read(&all).unwrap_err(),
            SettingsError::Missing("RAMPMETER_TABLE")
        );
        all[0].1 = "slot";
        assert_eq!(read(&all).unwrap().role, Role::Slot);
        all[0].1 = "dance";
        assert_eq!(
            read(&all).unwrap_err(),
            SettingsError::Role("dance".to_owned())
        );
    }
}
