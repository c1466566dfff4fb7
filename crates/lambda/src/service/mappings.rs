//! Puts a target that is closed for long to sleep: its queues stop waking the worker, and a schedule does so when the
//! target opens. The schedule is made first. It fires once, and what it starts may fail, so the stack has another
//! schedule that fires periodically and checks here whether anything is asleep that nothing will wake.

use std::time::Duration;

use jiff::Timestamp;
use rampmeter_dispatch::Time;
use reqwest::Method;
use serde_json::json;

use crate::service::signed::{LAMBDA, Request, SCHEDULER, Signed, SignedError};

/// The worker's own event source mappings and its schedule.
#[derive(Clone, Debug)]
pub(crate) struct Mappings {
    signed: Signed,
    function: String,
    scheduler_role: Option<String>,
}

/// The states of a mapping that is active or about to be.
const AT_WORK: [&str; 3] = ["Enabled", "Enabling", "Creating"];
/// The errors that Lambda gives for a mapping that is being changed.
const BEING_CHANGED: [&str; 2] = ["ResourceInUseException", "ResourceConflictException"];
/// How often a change to a busy mapping is attempted, and the pause between two attempts: a change takes seconds,
/// sometimes half a minute.
const TRIES: u32 = 30;
const BETWEEN_TRIES: Duration = Duration::from_secs(2);

impl Mappings {
    pub(crate) fn new(signed: Signed, function: &str, scheduler_role: Option<String>) -> Mappings {
        Mappings {
            signed,
            function: function.to_owned(),
            scheduler_role,
        }
    }

    /// Lets nothing but the schedule wake the worker before `until`. Without a role for the schedule nothing changes.
    pub(crate) async fn sleep(&self, until: Time, function_arn: &str) -> Result<(), SignedError> {
        let Some(role) = &self.scheduler_role else {
            return Ok(());
        };
        self.schedule(until, function_arn, role).await?;
        self.set_all(false).await
    }

    /// How many mappings are off although no schedule will switch them on.
    pub(crate) async fn asleep(&self, now: Time) -> Result<usize, SignedError> {
        let off = self.in_other_state(true).await?;
        if off.is_empty() || self.wakes_after(now).await? {
            return Ok(0);
        }
        Ok(off.len())
    }

    /// Whether the schedule is there and its moment has not passed.
    async fn wakes_after(&self, now: Time) -> Result<bool, SignedError> {
        let request = Request {
            service: SCHEDULER,
            method: Method::GET,
            path: self.schedule_path(),
            target: None,
            body: None,
        };
        match self.signed.send(&request).await {
            Ok(schedule) => {
                let expression = schedule["ScheduleExpression"].as_str().unwrap_or_default();
                let is_on = schedule["State"].as_str() != Some("DISABLED");
                // In this form, text order is the order of time.
                Ok(is_on && expression > format!("at({})", moment(now)).as_str())
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn schedule_path(&self) -> String {
        format!("/schedules/{}-wake", self.function)
    }

    /// Lets the queues wake the worker again.
    pub(crate) async fn wake(&self) -> Result<(), SignedError> {
        self.set_all(true).await
    }

    async fn schedule(
        &self,
        until: Time,
        function_arn: &str,
        role: &str,
    ) -> Result<(), SignedError> {
        let body = json!({
            "ScheduleExpression": format!("at({})", moment(until)),
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": function_arn,
                "RoleArn": role,
                "Input": json!({"rampmeter": "wake"}).to_string(),
            },
        });
        let request = |method| Request {
            service: SCHEDULER,
            method,
            path: self.schedule_path(),
            target: None,
            body: Some(body.clone()),
        };
        match self.signed.send(&request(Method::POST)).await {
            // Another drainer was first, or the time has changed.
            Err(error) if error.code() == Some("ConflictException") => {
                self.signed.send(&request(Method::PUT)).await.map(|_| ())
            }
            other => other.map(|_| ()),
        }
    }

    async fn set_all(&self, enabled: bool) -> Result<(), SignedError> {
        for uuid in self.in_other_state(enabled).await? {
            let request = Request {
                service: LAMBDA,
                method: Method::PUT,
                path: format!("/2015-03-31/event-source-mappings/{uuid}"),
                target: None,
                body: Some(json!({ "Enabled": enabled })),
            };
            self.send_when_it_is_free(&request).await?;
        }
        Ok(())
    }

    /// Sends a change, and repeats it while Lambda is still working on the one before.
    async fn send_when_it_is_free(&self, request: &Request<'_>) -> Result<(), SignedError> {
        let mut tries = 1;
        loop {
            match self.signed.send(request).await {
                Err(error)
                    if tries < TRIES
                        && error
                            .code()
                            .is_some_and(|code| BEING_CHANGED.contains(&code)) =>
                {
                    tries += 1;
                    tokio::time::sleep(BETWEEN_TRIES).await;
                }
                other => return other.map(|_| ()),
            }
        }
    }

    /// The mappings of this function that are not as they should be.
    async fn in_other_state(&self, enabled: bool) -> Result<Vec<String>, SignedError> {
        let request = Request {
            service: LAMBDA,
            method: Method::GET,
            path: format!(
                "/2015-03-31/event-source-mappings/?FunctionName={}",
                self.function
            ),
            target: None,
            body: None,
        };
        let reply = self.signed.send(&request).await?;
        let mappings = reply["EventSourceMappings"].as_array();
        let other = mappings.into_iter().flatten().filter(|mapping| {
            let state = mapping["State"].as_str().unwrap_or_default();
            AT_WORK.contains(&state) != enabled
        });
        Ok(other
            .filter_map(|mapping| mapping["UUID"].as_str().map(str::to_owned))
            .collect())
    }
}

/// A moment as a schedule writes it, in UTC and rounded up: a target that is woken too early is still closed.
fn moment(time: Time) -> String {
    let second = time.as_micros().div_euclid(1_000_000) + 1;
    let second = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    second.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_and_never_early() {
        let time = Time::from_millis;
        assert_eq!(moment(time(0)), "1970-01-01T00:00:01");
        assert_eq!(moment(time(1_795_132_799_000)), "2026-11-20T00:00:00");
        assert_eq!(moment(time(1_709_164_799_001)), "2024-02-29T00:00:00");
    }
}
