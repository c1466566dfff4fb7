//! SAP SuccessFactors OData. General limits were announced and then postponed without a date; when one is exceeded,
//! SAP asks callers to pause for five minutes (KBA 3159263).

use std::time::Duration;

use rampmeter_call::{Request, Retry};
use url::Url;

use super::{is_absent, throttling_pause, vendor_code};
use crate::job::Jobs;
use crate::meaning::Meaning;
use crate::vendor::base_url::https_only;
use crate::vendor::http;
use crate::vendor::{Bound, Idempotency, Seen, Signal, SuggestedLimit, Vendor};

/// KBA 3159263: retry after 300 s.
const PAUSE: Duration = Duration::from_secs(300);

pub(in crate::vendor) static SUCCESSFACTORS: Vendor = Vendor {
    name: "sap-successfactors",
    title: "SAP SuccessFactors",
    assumed_call: Duration::from_millis(800),
    longest_run: None,
    limits: &[SuggestedLimit {
        name: "concurrent",
        bound: Bound::Concurrency(5),
        note: "SAP publishes no general number; clock-in has 10 calls a minute and 300 a day (KBA 3657473), Learning wants 0.5 to 5 s between calls (KBA 2516640)",
    }],
    retry: Retry::USUAL,
    idempotency: Idempotency::None,
    csrf: None,
    sign_in_counts: false,
    tokens: &[],
    sign_in_advice: http::sign_in_advice,
    jobs: Jobs::None,
    signals: &[Signal::status(423, Meaning::Repeatable)],
    probe: Some("/odata/v2/"),
    limit_inquiry: None,
    base_url,
    endpoints: &[],
    account_of: |host| host,
    vendor_code,
    meaning: |_| None,
    pause,
    rate_headers: |_| Vec::new(),
    honours_key: false,
    question: None,
    is_absent,
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
    throttling_pause(seen).or((seen.answer.status == 429).then_some(PAUSE))
}

/// `/odata/v2/upsert` finds its records by their keys.
fn repeats_safely(request: &Request) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    (request.method == "POST" && path.ends_with("/odata/v2/upsert"))
        || http::repeats_safely(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::Preset;
    use crate::vendor::tests::{answer, judged};
    use rampmeter_call::Throttle;

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
