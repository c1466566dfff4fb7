//! SAP S/4HANA and SAP Gateway, OData V2 and V4. A call that changes something carries a token against cross-site
//! request forgery with the cookies it belongs to (`csrf`). SAP publishes no hard numbers for its limits.

use std::time::Duration;

use rampmeter_call::{Retry, Throttle};

use super::{CSRF, is_absent, throttling_pause, vendor_code};
use crate::job::Jobs;
use crate::meaning::Meaning;
use crate::vendor::base_url::https_only;
use crate::vendor::http;
use crate::vendor::{Bound, Idempotency, Signal, SuggestedLimit, Vendor};

pub(in crate::vendor) static ODATA: Vendor = Vendor {
    name: "sap-odata",
    title: "SAP OData (S/4HANA, Gateway)",
    assumed_call: Duration::from_millis(800),
    longest_run: None,
    limits: &[SuggestedLimit {
        name: "concurrent",
        bound: Bound::Concurrency(5),
        note: "SAP publishes no number; dialog work processes and API Management decide. Ask who runs the system",
    }],
    retry: Retry::USUAL,
    idempotency: Idempotency::Repeatability,
    csrf: Some(&CSRF),
    sign_in_counts: false,
    tokens: &[],
    sign_in_advice: http::sign_in_advice,
    jobs: Jobs::None,
    signals: &[
        // Locked by another user or session: that passes.
        Signal::status(423, Meaning::Repeatable),
        // A retry while the first is still being processed (OASIS Repeatable Requests 1.0).
        Signal::of(409, "RepeatabilityRequestInProgress", Meaning::Repeatable),
        // Spike Arrest of API Management answers 500 with this code under its default policy.
        Signal::of(
            500,
            "policies.ratelimit.SpikeArrestViolation",
            Meaning::Throttled(Throttle::Window),
        ),
        Signal::of(
            500,
            "policies.ratelimit.QuotaViolation",
            Meaning::Throttled(Throttle::Window),
        ),
    ],
    probe: None,
    limit_inquiry: None,
    base_url: https_only,
    endpoints: &[],
    account_of: |host| host,
    vendor_code,
    meaning: |_| None,
    pause: throttling_pause,
    rate_headers: |_| Vec::new(),
    // For services with repeatable requests; the configuration must say so if a service lacks them.
    honours_key: true,
    question: None,
    is_absent,
    repeats_safely: http::repeats_safely,
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::Preset;
    use crate::vendor::tests::{answer, judged};

    #[test]
    fn the_errors_of_both_versions_and_of_the_gateway_have_a_code() {
        let v2 = json!({"error": {"code": "/IWBEP/CM_MGW_RT/020", "message": {"lang": "en", "value": "no"}}});
        let v4 = json!({"error": {"code": "V4/001", "message": "no", "details": []}});
        let fault = json!({"fault": {"faultstring": "Spike arrest violation.",
            "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"}}});
        let window = Meaning::Throttled(Throttle::Window);
        let cases = [
            (
                answer(400, v2),
                Some("/IWBEP/CM_MGW_RT/020"),
                Meaning::Final,
            ),
            (answer(409, v4.clone()), Some("V4/001"), Meaning::Final),
            (answer(423, v4.clone()), Some("V4/001"), Meaning::Repeatable),
            (answer(429, v4), Some("V4/001"), window),
            (
                answer(500, fault),
                Some("policies.ratelimit.SpikeArrestViolation"),
                window,
            ),
            (
                answer(403, json!("CSRF token validation failed")),
                None,
                Meaning::Final,
            ),
            (answer(412, json!("")), None, Meaning::Final),
            (answer(503, json!("")), None, window),
        ];
        for (answer, code, meaning) in cases {
            assert_eq!(vendor_code(&answer).as_deref(), code, "{answer:?}");
            assert_eq!(
                judged(Preset::SapOData, &answer, 1).0,
                meaning,
                "{answer:?}"
            );
        }
    }

    #[test]
    fn a_btp_service_says_its_pause_in_milliseconds() {
        let mut throttled = answer(503, json!(""));
        throttled
            .headers
            .push(("throttling".to_owned(), "1500".to_owned()));
        assert_eq!(
            judged(Preset::SapOData, &throttled, 1).1,
            Some(Duration::from_millis(1500))
        );
    }
}
