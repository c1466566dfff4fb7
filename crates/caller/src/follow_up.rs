//! What an accepted call may still want: a vendor that works on it in the background says where to look, and the call
//! has ended only when that work has. Pure: reading the place and what it says; asking is in `call`.

use std::time::Duration;

use serde_json::Value;

use crate::answer::Answer;
use crate::path;
use crate::preset::Preset;
use crate::profile::Profile;

/// Where to look for the end of work that goes on at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Path of the job below the base URL.
    pub path: String,
    /// How long to wait before looking, and between two looks.
    pub after: Duration,
}

/// How far that work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Pending,
    /// It is done.
    Done,
    /// It failed.
    Failed,
}

/// Between two looks at a job.
const PAUSE: Duration = Duration::from_secs(2);

/// The job that an answer refers to: for NetSuite a 202, or the 400 of a repeat, with its Location. A Location outside
/// the account is none.
#[must_use]
pub fn wanted(profile: &Profile, answer: &Answer) -> Option<FollowUp> {
    if profile.preset != Preset::NetSuite || !matches!(answer.status, 202 | 400) {
        return None;
    }
    let location = answer.header("location")?;
    let path = if location.starts_with('/') {
        location.to_owned()
    } else {
        path::relative(&profile.base_url, location).ok()?
    };
    let below = path::resolve(&profile.base_url, &path).is_ok();
    (below && path.contains("/async/v1/job/")).then_some(FollowUp { path, after: PAUSE })
}

/// What NetSuite says of a job: `completed`, and `progress` as a word.
#[must_use]
pub fn progress(answer: &Answer) -> Progress {
    let word = answer
        .body
        .get("progress")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let completed = answer.body.get("completed").and_then(Value::as_bool);
    match (completed, word.as_str()) {
        (_, "failed" | "cancelled") => Progress::Failed,
        (Some(true), _) => Progress::Done,
        _ => Progress::Pending,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;

    fn profile(preset: Preset) -> Profile {
        let url = Url::parse("https://1.suitetalk.api.netsuite.com/").unwrap();
        let mut profile = Profile::new("netsuite", url, Duration::from_secs(60));
        profile.preset = preset;
        profile
    }

    fn answer(status: u16, location: &str, body: Value) -> Answer {
        Answer {
            status,
            status_text: String::new(),
            headers: vec![("location".to_owned(), location.to_owned())],
            body,
            truncated: false,
        }
    }

    #[test]
    fn a_job_is_followed_below_the_account_only() {
        let job = "/services/rest/async/v1/job/7";
        let path = |status, location: &str| {
            let found = wanted(
                &profile(Preset::NetSuite),
                &answer(status, location, json!("")),
            );
            found.map(|follow_up| follow_up.path)
        };
        let absolute = format!("https://1.suitetalk.api.netsuite.com{job}");
        assert_eq!(path(202, job).as_deref(), Some(job));
        assert_eq!(path(400, &absolute).as_deref(), Some(job));
        for location in [
            "https://evil.test/services/rest/async/v1/job/7",
            "//evil.test/async/v1/job/7",
            "/../async/v1/job/7",
            "/services/rest/record/v1/salesOrder/7",
            "",
        ] {
            assert_eq!(path(202, location), None, "{location}");
        }
        assert_eq!(path(204, job), None);
        assert_eq!(
            wanted(&profile(Preset::Http), &answer(202, job, json!(""))),
            None
        );
    }

    #[test]
    fn a_job_says_how_far_it_is() {
        for (body, expected) in [
            (
                json!({"completed": false, "progress": "pending"}),
                Progress::Pending,
            ),
            (
                json!({"completed": false, "progress": "processing"}),
                Progress::Pending,
            ),
            (
                json!({"completed": true, "progress": "succeeded"}),
                Progress::Done,
            ),
            (
                json!({"completed": true, "progress": "failed"}),
                Progress::Failed,
            ),
            (json!({"completed": true}), Progress::Done),
            (json!("nonsense"), Progress::Pending),
        ] {
            assert_eq!(progress(&answer(200, "", body.clone())), expected, "{body}");
        }
    }
}
