//! What happens to a call whose answer is lost, if the file says nothing, one thing for all calls, or how calls are
//! identified.

use rampmeter_call::OnUnknown::{self, Fail, Reconcile, Retry};
use rampmeter_call::Request;
use serde_json::json;

use crate::{target, toml};

fn on_unknown(lines: &str, method: &str, path: &str) -> OnUnknown {
    let mut config = toml(&target(lines)).unwrap_or_else(|report| panic!("{lines}: {report}"));
    let request = Request {
        method: method.to_owned(),
        body: Some(json!({"externalId": "SO-1", "ref": "SO-1"})),
        idempotency_key: "key".to_owned(),
        ..Request::get(path)
    };
    let target = config.targets.remove("netsuite").unwrap();
    target.on_unknown_of(&request)
}

#[test]
fn by_default_no_call_does_its_work_twice() {
    let record = "/services/rest/record/v1/salesOrder";
    let object = "/services/data/v60.0/sobjects/Order";
    for (preset, method, path, expected) in [
        ("http", "POST", "/orders", Retry),
        ("http", "GET", "/orders", Retry),
        ("netsuite", "POST", record, Reconcile),
        (
            "netsuite",
            "POST",
            "/app/site/hosting/restlet.nl?script=1",
            Fail,
        ),
        ("netsuite", "POST", "/services/rest/query/v1/suiteql", Retry),
        (
            "netsuite",
            "PUT",
            "/services/rest/record/v1/salesOrder/eid:1",
            Retry,
        ),
        ("salesforce", "POST", object, Fail),
        (
            "salesforce",
            "PATCH",
            "/services/data/v60.0/sobjects/Order/Number__c/1",
            Retry,
        ),
        (
            "salesforce",
            "DELETE",
            "/services/data/v60.0/sobjects/Order/1",
            Retry,
        ),
        ("sap-odata", "POST", "/A_SalesOrder", Retry),
        ("sap-successfactors", "POST", "/odata/v2/User", Fail),
        ("sap-successfactors", "POST", "/odata/v2/upsert", Retry),
    ] {
        let preset_line = format!("preset = \"{preset}\"");
        let found = on_unknown(&preset_line, method, path);
        assert_eq!(found, expected, "{preset} {method} {path}");
    }
}

#[test]
fn what_the_file_says_comes_before() {
    for (lines, expected) in [
        ("on_unknown = \"retry\"\npreset = \"salesforce\"", Retry),
        ("on_unknown = \"fail\"", Fail),
        ("idempotency = \"none\"", Fail),
        (
            "preset = \"salesforce\"\nidempotency = { header = \"X-Request-Id\" }",
            Retry,
        ),
        (
            "reconcile = { path = \"/orders?ref={/ref}\", found = \"/value\" }",
            Reconcile,
        ),
        (
            "preset = \"salesforce\"\nreconcile = { path = \"/orders?ref={/absent}\", found = \"/value\" }",
            Fail,
        ),
    ] {
        assert_eq!(on_unknown(lines, "POST", "/orders"), expected, "{lines}");
    }
}
