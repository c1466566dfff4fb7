//! Files with one problem each, at least one for every code.

use rampmeter_config::Code;

use crate::{limit, target};

const HEADER: &str = "[[targets.netsuite.limits]]";

/// A file with one problem: its text, the problem's code, and the text at the problem's place.
pub(crate) type Case = (String, Code, &'static str);

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = shapes();
    cases.extend(values());
    cases.extend(references());
    cases.extend(sign_ins());
    cases.extend(finer_points_of_sign_ins());
    cases.extend(presets());
    cases.extend(crate::job_cases::jobs_and_responses());
    cases.extend(workflows());
    cases.extend(limits());
    cases.extend(finer_points_of_limits());
    cases.extend(shares_and_resets());
    cases.extend([crate::pauses::cases(), crate::tariffs::cases()].concat());
    cases
}

fn shapes() -> Vec<Case> {
    vec![
        ("serverr = 1".to_owned(), Code::UnknownKey, "serverr"),
        (
            "[server]\naccont = \"1\"".to_owned(),
            Code::UnknownKey,
            "accont",
        ),
        ("[targets.a]".to_owned(), Code::MissingKey, "[targets.a]"),
        ("server = 5".to_owned(), Code::WrongType, "5"),
        ("[server]\nregion = 5".to_owned(), Code::WrongType, "5"),
        ("targets = []".to_owned(), Code::WrongType, "[]"),
        (target("limits = 5"), Code::WrongType, "5"),
        (target("timeout = 5"), Code::WrongType, "5"),
        (target("redact = [5]"), Code::WrongType, "5"),
        (target("headers = { A = 5 }"), Code::WrongType, "5"),
        (target("auth = \"none\""), Code::WrongType, "\"none\""),
        (target("auth = { kind = 5 }"), Code::WrongType, "5"),
        (target("auth = { }"), Code::MissingKey, "{ }"),
        (
            target("auth = { kind = \"bearer\" }"),
            Code::MissingKey,
            "{ kind = \"bearer\" }",
        ),
    ]
}

fn values() -> Vec<Case> {
    vec![
        (
            "[server]\naws = \"4566\"".to_owned(),
            Code::BadValue,
            "\"4566\"",
        ),
        (
            "[server]\naccount = \"12\"".to_owned(),
            Code::BadValue,
            "\"12\"",
        ),
        ("[server]\nregion = \"\"".to_owned(), Code::BadValue, "\"\""),
        (
            target("preset = \"netsuit\""),
            Code::BadValue,
            "\"netsuit\"",
        ),
        (
            target("auth = { kind = \"saml\" }"),
            Code::BadValue,
            "\"saml\"",
        ),
        (target("redact = [\"taxId\"]"), Code::BadValue, "\"taxId\""),
        (target("redact = [\"$[?(@.x)]\"]"), Code::BadValue, "\"$[?(@.x)]\""),
        (target("retry = { max_attempts = 0 }"), Code::BadValue, "0"),
        (
            target("retry = { initial = \"3s\", max = \"2s\" }"),
            Code::BadValue,
            "{ initial = \"3s\", max = \"2s\" }",
        ),
        (target("timeout = \"5\""), Code::BadDuration, "\"5\""),
        (target("timeout = \"0s\""), Code::BadDuration, "\"0s\""),
        (target("timeout = \"2h\""), Code::BadDuration, "\"2h\""),
        (
            target("timeout = \"1h 1s\""),
            Code::BadDuration,
            "\"1h 1s\"",
        ),
        (
            target("timeout = \"1500us\""),
            Code::BadDuration,
            "\"1500us\"",
        ),
        (
            "[slo]\nHIGH = { oldest = \"soon\" }".to_owned(),
            Code::BadDuration,
            "\"soon\"",
        ),
        ("version = 2".to_owned(), Code::UnsupportedVersion, "2"),
        (
            "version = \"1\"".to_owned(),
            Code::UnsupportedVersion,
            "\"1\"",
        ),
        (
            "[targets.Net]\nbase_url = \"https://a\"".to_owned(),
            Code::BadName,
            "Net",
        ),
        (
            "[functions.\"a b\"]\nhttp = \"http://a\"".to_owned(),
            Code::BadName,
            "\"a b\"",
        ),
        ("[aws]\nstack = \"1\"".to_owned(), Code::BadName, "\"1\""),
        ("[targets.net_suite]\nbase_url = \"https://a\"\n[targets.net-suite]\nbase_url = \"https://a\"".to_owned(),
            Code::NameClash,
            "net-suite",
        ),
        (
            target("on_unknown = \"reconcile\""),
            Code::MissingKey,
            "\"reconcile\"",
        ),
    ]
}

fn references() -> Vec<Case> {
    let base = |url: &str| format!("[targets.a]\nbase_url = \"{url}\"");
    let bearer = |value: &str| target(&format!("auth = {{ kind = \"bearer\", secret = {value} }}"));
    vec![
        (
            bearer("\"${env:UNSET}\""),
            Code::MissingVariable,
            "\"${env:UNSET}\"",
        ),
        (
            base("https://${env:UNSET}/"),
            Code::MissingVariable,
            "\"https://${env:UNSET}/\"",
        ),
        (
            bearer("\"${file:gone.txt}\""),
            Code::UnreadableReference,
            "\"${file:gone.txt}\"",
        ),
        (bearer("\"plain\""), Code::LiteralSecret, "\"plain\""),
        (
            bearer("\"Bearer ${env:TOKEN}\""),
            Code::LiteralSecret,
            "\"Bearer ${env:TOKEN}\"",
        ),
        (bearer("5"), Code::LiteralSecret, "5"),
        (
            bearer("\"${vault:X}\""),
            Code::BadReference,
            "\"${vault:X}\"",
        ),
        (bearer("\"${env:}\""), Code::BadReference, "\"${env:}\""),
        (
            base("https://${env:URL"),
            Code::BadReference,
            "\"https://${env:URL\"",
        ),
        (
            bearer("\"${secret:X}\""),
            Code::ReferenceNotServed,
            "\"${secret:X}\"",
        ),
        (
            bearer("\"${env:EMPTY}\""),
            Code::BadCredential,
            "\"${env:EMPTY}\"",
        ),
        (
            bearer("\"${env:BROKEN}\""),
            Code::BadCredential,
            "\"${env:BROKEN}\"",
        ),
        (base("vendor.test"), Code::BadBaseUrl, "\"vendor.test\""),
        (
            base("ftp://vendor.test"),
            Code::BadBaseUrl,
            "\"ftp://vendor.test\"",
        ),
        (
            base("https://a@vendor.test"),
            Code::BadBaseUrl,
            "\"https://a@vendor.test\"",
        ),
        (
            base("https://vendor.test/?a"),
            Code::BadBaseUrl,
            "\"https://vendor.test/?a\"",
        ),
        (
            target("headers = { Host = \"a\" }"),
            Code::BadHeader,
            "Host",
        ),
        (target("headers = { A = \"a\\nb\" }"), Code::BadHeader, "A"),
        (
            target("headers = { A = \"a\", a = \"b\" }"),
            Code::BadHeader,
            "a",
        ),
    ]
}

fn sign_ins() -> Vec<Case> {
    let auth = |lines: &str| target(&format!("auth = {{ {lines} }}"));
    let m2m = |lines: &str| {
        auth(&format!(
            "kind = \"oauth2-m2m\", client_id = \"a\", certificate_id = \"b\", {lines}"
        ))
    };
    vec![
        (
            m2m("key = \"${env:TOKEN}\""),
            Code::BadKey,
            "\"${env:TOKEN}\"",
        ),
        (m2m("key = \"canary\""), Code::LiteralSecret, "\"canary\""),
        (
            m2m("key = \"${file:rsa.pem}\", algorithm = \"ES256\""),
            Code::BadKey,
            "\"${file:rsa.pem}\"",
        ),
        (
            m2m("key = \"${file:rsa.pem}\", algorithm = \"RS256\""),
            Code::BadValue,
            "\"RS256\"",
        ),
        (
            m2m("key = \"${file:rsa.pem}\", scope = 5"),
            Code::WrongType,
            "5",
        ),
        (
            m2m("key = \"${file:rsa.pem}\", counted = 1"),
            Code::WrongType,
            "1",
        ),
        (
            m2m("key = \"${file:rsa.pem}\", username = \"u\""),
            Code::UnknownKey,
            "username",
        ),
        (
            auth(
                "kind = \"oauth2-jwt-bearer\", client_id = \"a\", username = \"u\", key = \"${file:p256.pem}\"",
            ),
            Code::BadKey,
            "\"${file:p256.pem}\"",
        ),
        (
            auth(
                "kind = \"oauth2-jwt-bearer\", client_id = \"a\", username = \"u\", key = \"${file:rsa.pem}\", audience = \"org\"",
            ),
            Code::MissingKey,
            "\"org\"",
        ),
    ]
}

fn finer_points_of_sign_ins() -> Vec<Case> {
    let auth = |lines: &str| target(&format!("auth = {{ {lines} }}"));
    let client = |lines: &str| {
        auth(&format!(
            "kind = \"oauth2-client-credentials\", client_id = \"a\", client_secret = \"${{env:TOKEN}}\", {lines}"
        ))
    };
    vec![
        (
            client("token_url = \"ftp://a\""),
            Code::BadBaseUrl,
            "\"ftp://a\"",
        ),
        (
            client("token_url = \"https://a@b\""),
            Code::BadBaseUrl,
            "\"https://a@b\"",
        ),
        (
            client("token_url = \"https://a\", send_as = \"query\""),
            Code::BadValue,
            "\"query\"",
        ),
        (
            auth("kind = \"api-key\", header = \"Host\", key = \"${env:TOKEN}\""),
            Code::BadHeader,
            "\"Host\"",
        ),
        (
            auth("kind = \"api-key\", header = \"X\", key = \"${env:BROKEN}\""),
            Code::BadCredential,
            "\"${env:BROKEN}\"",
        ),
    ]
}

fn presets() -> Vec<Case> {
    let signal = |lines: &str| target(&format!("[[targets.netsuite.signals]]\n{lines}"));
    let at = |preset: &str, url: &str| {
        format!("[targets.a]\npreset = \"{preset}\"\nbase_url = \"{url}\"")
    };
    vec![
        (target("signals = 5"), Code::WrongType, "5"),
        (
            signal("means = \"final\""),
            Code::MissingKey,
            "[[targets.netsuite.signals]]",
        ),
        (
            signal("status = 400"),
            Code::MissingKey,
            "[[targets.netsuite.signals]]",
        ),
        (
            signal("status = 99\nmeans = \"final\""),
            Code::BadValue,
            "99",
        ),
        (
            signal("status = 400\nmeans = \"finel\""),
            Code::BadValue,
            "\"finel\"",
        ),
        (
            signal("status = 400\nmeans = \"final\"\npause = \"1s\""),
            Code::BadValue,
            "\"1s\"",
        ),
        (target("idempotency = \"key\""), Code::BadValue, "\"key\""),
        (
            target("idempotency = { header = \"Host\" }"),
            Code::BadHeader,
            "\"Host\"",
        ),
        (target("csrf = \"yes\""), Code::WrongType, "\"yes\""),
        (
            target("reconcile = { path = \"/orders\" }"),
            Code::BadValue,
            "\"/orders\"",
        ),
        (
            target("reconcile = { path = \"/o/{/a}\", found = \"value\" }"),
            Code::BadValue,
            "\"value\"",
        ),
        (
            target("allow_networks = [\"10.0.0.0/99\"]"),
            Code::BadValue,
            "\"10.0.0.0/99\"",
        ),
        (
            at("http", "http://2130706433/"),
            Code::DeniedAddress,
            "\"http://2130706433/\"",
        ),
        (
            at("http", "http://vendor.test"),
            Code::BadBaseUrl,
            "\"http://vendor.test\"",
        ),
        (
            at("http", "http://10.0.0.1"),
            Code::DeniedAddress,
            "\"http://10.0.0.1\"",
        ),
        (
            at("salesforce", "https://login.salesforce.com"),
            Code::BadBaseUrl,
            "\"https://login.salesforce.com\"",
        ),
        (
            at("netsuite", "http://1.suitetalk.api.netsuite.com"),
            Code::BadBaseUrl,
            "\"http://1.suitetalk.api.netsuite.com\"",
        ),
    ]
}

fn workflows() -> Vec<Case> {
    let flow = |lines: &str| format!("{}[workflows.a]\n{lines}", target(""));
    let order = "definition = \"order.asl.json\"\nsubstitutions";
    vec![
        (
            flow("definition = \"order.asl.json\"").replace("workflows.a", "workflows.\"a.b\""),
            Code::BadName,
            "\"a.b\"",
        ),
        (
            flow("definition = \"gone.json\""),
            Code::UnreadableDefinition,
            "\"gone.json\"",
        ),
        (
            flow("definition = \"order.asl.json\"\ntype = \"standard\""),
            Code::BadValue,
            "\"standard\"",
        ),
        (
            flow("definition = \"order.asl.json\"\nsource = \"a b\""),
            Code::BadName,
            "\"a b\"",
        ),
        (
            flow("definition = \"order.asl.json\"\nsource = \"netsuite-high\""),
            Code::BadValue,
            "\"netsuite-high\"",
        ),
        (
            flow(
                "definition = \"order.asl.json\"\nsource = \"orders\"\n[workflows.b]\ndefinition = \"order.asl.json\"\nsource =   \"orders\"",
            ),
            Code::BadValue,
            "\"orders\"",
        ),
        (
            flow("definition = \"order.asl.json\"\ntype = \"EXPRESS\""),
            Code::NotServed,
            "\"EXPRESS\"",
        ),
        (
            flow(&format!("{order} = {{ NetsuiteHigh = \"a\" }}")),
            Code::BadSubstitution,
            "NetsuiteHigh",
        ),
        (
            flow(&format!("{order} = {{ a-b = \"a\" }}")),
            Code::BadSubstitution,
            "a-b",
        ),
        (
            flow(&format!("{order} = {{ A = [] }}")),
            Code::WrongType,
            "[]",
        ),
    ]
}

fn limits() -> Vec<Case> {
    vec![
        (limit(""), Code::LimitKind, HEADER),
        (
            limit("concurrency = 1\ncalls = 2\nper = \"1s\""),
            Code::LimitKind,
            "2",
        ),
        (
            limit("concurrency = 1\nper = \"1s\""),
            Code::LimitKind,
            "\"1s\"",
        ),
        (limit("calls = 1"), Code::MissingKey, HEADER),
        (limit("concurrency = 0"), Code::BadLimit, "0"),
        (limit("concurrency = -1"), Code::BadLimit, "-1"),
        (
            limit("calls = 4294967296\nper = \"1s\""),
            Code::BadLimit,
            "4294967296",
        ),
    ]
}

fn finer_points_of_limits() -> Vec<Case> {
    vec![
        (
            limit("concurrency = 5\nreserve = { BATCH = 1 }"),
            Code::BadLimit,
            "BATCH",
        ),
        (
            limit("concurrency = 5\nreserve = { high = 1 }"),
            Code::UnknownKey,
            "high",
        ),
        (
            limit("concurrency = 5\nreserve = { HIGH = 4, MEDIUM = 2 }"),
            Code::ReserveOverLimit,
            "{ HIGH = 4, MEDIUM = 2 }",
        ),
        (
            limit("concurrency = 5\nreserve = { HIGH = 5 }"),
            Code::ReserveOverLimit,
            "{ HIGH = 5 }",
        ),
        (
            limit("calls = 5\nper = \"1s\"\nreserve = { HIGH = 6 }"),
            Code::ReserveOverLimit,
            "{ HIGH = 6 }",
        ),
        (
            limit(&format!(
                "concurrency = 1\n{HEADER}\nname = \"a\"\nconcurrency = 2"
            )),
            Code::DuplicateLimit,
            "\"a\"",
        ),
        (
            limit("calls = 1\nper = \"99ms\""),
            Code::BadWindow,
            "\"99ms\"",
        ),
        (
            limit("calls = 1\nper = \"32d\""),
            Code::BadWindow,
            "\"32d\"",
        ),
        (
            limit("concurrency = 1").replace("\"a\"", "\"a b\""),
            Code::BadName,
            "\"a b\"",
        ),
        (target("max_deferrals = 0"), Code::BadDeferrals, "0"),
        (target("max_deferrals = -1"), Code::BadDeferrals, "-1"),
        (
            target("max_deferrals = \"never\""),
            Code::BadDeferrals,
            "\"never\"",
        ),
        (
            target("max_deferrals = { BATCH = 0 }"),
            Code::BadDeferrals,
            "0",
        ),
        (
            target("max_deferrals = { HIGH = 1 }"),
            Code::UnknownKey,
            "HIGH",
        ),
    ]
}

fn shares_and_resets() -> Vec<Case> {
    vec![
        (
            limit("calls = 10\nper = \"1s\"\nshare = { HIGH = 11 }"),
            Code::BadShare,
            "11",
        ),
        (
            limit("calls = 10\nper = \"1s\"\nshare = { BATCH = \"0%\" }"),
            Code::BadShare,
            "\"0%\"",
        ),
        (
            limit("calls = 10\nper = \"1s\"\nshare = { BATCH = \"half\" }"),
            Code::BadShare,
            "\"half\"",
        ),
        (
            limit("calls = 10\nper = \"1s\"\nshare = { LOW = 1 }"),
            Code::UnknownKey,
            "LOW",
        ),
        (
            limit("concurrency = 10\nreserve = { HIGH = 4 }\nshare = { HIGH = 3 }"),
            Code::BadShare,
            "3",
        ),
        (
            limit("calls = 1\nper = \"1d\"\nreset = \"00:00 UTC\""),
            Code::BadReset,
            "\"1d\"",
        ),
        (
            limit("concurrency = 1\nreset = \"00:00 UTC\""),
            Code::BadReset,
            "\"00:00 UTC\"",
        ),
        (
            limit("calls = 1\nreset = \"midnight\""),
            Code::BadReset,
            "\"midnight\"",
        ),
        (
            limit("calls = 1\nreset = \"00:00 Europe/Lutetia\""),
            Code::BadReset,
            "\"00:00 Europe/Lutetia\"",
        ),
        (
            limit("calls = 1\nreset = \"24:00 UTC\""),
            Code::BadReset,
            "\"24:00 UTC\"",
        ),
        (
            limit("calls = 1\nreset = \"31 00:00 UTC\""),
            Code::BadReset,
            "\"31 00:00 UTC\"",
        ),
    ]
}
