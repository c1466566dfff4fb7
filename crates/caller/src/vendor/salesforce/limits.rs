//! `/limits`: what an org allows, below the newest version of the API.

use serde_json::Value;

use crate::vendor::{AllowedCalls, Counted, LimitInquiry};

pub(super) const INQUIRY: LimitInquiry = LimitInquiry {
    path: "/services/data/",
    then: Some(|versions| Some(format!("{}/limits", newest_version(versions)?))),
    read,
};

/// `DailyApiRequests`.
fn read(body: &Value) -> Vec<AllowedCalls> {
    let number = |member: &str| {
        body.pointer(&format!("/DailyApiRequests/{member}"))
            .and_then(Value::as_u64)
    };
    let Some(allowed) = number("Max") else {
        return Vec::new();
    };
    vec![AllowedCalls {
        name: "requests in 24 h",
        counted: Counted::Day,
        allowed,
        used: number("Remaining").map(|left| allowed.saturating_sub(left)),
        binding: true,
    }]
}

/// The URL of the highest version in Salesforce's list.
fn newest_version(versions: &Value) -> Option<String> {
    let number = |entry: &Value| -> Option<f64> { entry.get("version")?.as_str()?.parse().ok() };
    let numbered = versions
        .as_array()?
        .iter()
        .filter_map(|entry| Some((number(entry)?, entry)));
    let (_, newest) = numbered.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    newest.get("url")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_daily_limit_is_read_with_what_is_used() {
        let body = json!({"DailyApiRequests": {"Max": 15000, "Remaining": 14000}});
        let limits = read(&body);
        assert_eq!(
            (limits[0].allowed, limits[0].used, limits[0].binding),
            (15_000, Some(1_000), true)
        );
        assert_eq!(read(&json!([])), []);
    }

    #[test]
    fn the_newest_version_is_chosen_by_its_number() {
        let versions = json!([
            {"version": "9.0", "url": "/services/data/v9.0"},
            {"version": "60.0", "url": "/services/data/v60.0"},
            {"label": "broken"},
        ]);
        assert_eq!(
            newest_version(&versions).as_deref(),
            Some("/services/data/v60.0")
        );
        assert_eq!(newest_version(&json!({})), None);
    }
}
