//! SAP SuccessFactors OData. General limits were announced and put off without a date; where one is met, SAP asks for
//! five minutes of quiet (KBA 3159263).

use std::time::Duration;

use url::Url;

use super::http;
use super::rules::{
    Bound, Idempotency, RetryTable, Rules, Seen, Signal, SuggestedLimit, https_only,
};
use super::sap_odata;
use crate::classify::Meaning;
use crate::follow_up::Jobs;

/// KBA 3159263: retry after 300 s.
const PAUSE: Duration = Duration::from_secs(300);

pub(super) static RULES: Rules = Rules {
    name: "sap-successfactors",
    title: "SAP SuccessFactors",
    longest_run: None,
    limits: &[SuggestedLimit {
        name: "concurrent",
        bound: Bound::Concurrency(5),
        note: "SAP publishes no general number; clock-in has 10 calls a minute and 300 a day (KBA 3657473), Learning wants 0.5 to 5 s between calls (KBA 2516640)",
    }],
    retry: RetryTable::USUAL,
    idempotency: Idempotency::None,
    csrf: false,
    sign_in_counts: false,
    jobs: Jobs::None,
    signals: &[Signal::status(423, Meaning::Repeatable)],
    probe: Some("/odata/v2/"),
    base_url,
    vendor_code: sap_odata::vendor_code,
    meaning: |_| None,
    pause,
    question: |_| None,
    repeats_safely,
};

fn base_url(url: &Url) -> Option<&'static str> {
    let host = url.host_str().unwrap_or_default();
    if host.ends_with(".hr.cloud.sap") || host.starts_with("performancemanager") {
        return Some(
            "is the web interface; calls go to the data centre's API host, https://apiNN.successfactors.com or https://apiNN.sapsf.com",
        );
    }
    https_only(url)
}

fn pause(seen: &Seen<'_>) -> Option<Duration> {
    sap_odata::pause(seen).or((seen.answer.status == 429).then_some(PAUSE))
}

/// `/odata/v2/upsert` finds its records by their keys.
fn repeats_safely(request: &crate::request::Request) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    (request.method == "POST" && path.ends_with("/odata/v2/upsert"))
        || http::repeats_safely(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Preset;
    use super::super::rules::tests::{answer, judged};
    use super::*;
    use crate::outcome::Throttle;

    #[test]
    fn a_throttle_closes_for_five_minutes_unless_it_says_otherwise() {
        let window = Meaning::Throttled(Throttle::Window);
        let throttled = answer(429, json!(""));
        assert_eq!(
            judged(Preset::SapSuccessFactors, &throttled, 1),
            (window, Some(PAUSE))
        );
        let busy = answer(503, json!(""));
        assert_eq!(judged(Preset::SapSuccessFactors, &busy, 1), (window, None));
    }
}
