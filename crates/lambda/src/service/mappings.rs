//! Putting a target to sleep that is closed for long: its queues stop waking the worker, and a schedule does so when
//! the target opens. The schedule is made first, so that nothing is ever put to sleep that nothing wakes.

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

/// The states of a mapping that is at work or about to be.
const AT_WORK: [&str; 3] = ["Enabled", "Enabling", "Creating"];

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
            path: format!("/schedules/{}-wake", self.function),
            target: None,
            body: Some(body.clone()),
        };
        match self.signed.send(&request(Method::POST)).await {
            // Another drainer was first, or the time is another now.
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
            self.signed.send(&request).await?;
        }
        Ok(())
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

/// A moment as a schedule has it, in UTC and rounded up: a target that is woken early is closed still.
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
