//! What is wrong with jobs, with the pace of a limit and with long answers, and where it is shown.

use rampmeter_config::Code;

use crate::cases::Case;
use crate::target;

pub(crate) fn jobs_and_responses() -> Vec<Case> {
    vec![
        (target("jobs = \"bulk\""), Code::BadValue, "\"bulk\""),
        (
            target("jobs = { initial = \"5s\", max = \"1s\" }"),
            Code::BadValue,
            "{ initial = \"5s\", max = \"1s\" }",
        ),
        (
            target(
                "[[targets.netsuite.limits]]\nname = \"a\"\ncalls = 5\nper = \"1m\"\ncounts = \"jobs\"",
            ),
            Code::LimitKind,
            "\"jobs\"",
        ),
        (
            target("[[targets.netsuite.limits]]\nname = \"a\"\nconcurrency = 5\npace = \"even\""),
            Code::LimitKind,
            "\"even\"",
        ),
        (
            target("response = { inline = \"5 MB\" }"),
            Code::BadValue,
            "\"5 MB\"",
        ),
        (
            target("response = { select = \"items\" }"),
            Code::BadValue,
            "\"items\"",
        ),
    ]
}
