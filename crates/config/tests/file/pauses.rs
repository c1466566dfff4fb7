//! Planned pauses, as a target configures them.

use rampmeter_config::Code;
use rampmeter_dispatch::{PlannedPause, Priority};

use crate::cases::Case;
use crate::{target, toml};

/// Files with one problem each.
pub(crate) fn cases() -> Vec<Case> {
    let pause = |lines: &str| target(&format!("pauses = [{{ {lines} }}]"));
    vec![
        (target("pauses = 5"), Code::WrongType, "5"),
        (
            pause("reason = \"close\""),
            Code::MissingKey,
            "{ reason = \"close\" }",
        ),
        (
            pause("every = \"18:00 UTC\""),
            Code::BadPause,
            "\"18:00 UTC\"",
        ),
        (
            pause("lanes = [], every = \"18:00-20:00 UTC\""),
            Code::BadPause,
            "[]",
        ),
        (
            pause("lanes = [\"LOW\", \"BATCH\"], every = \"18:00-20:00 UTC\""),
            Code::BadValue,
            "\"LOW\"",
        ),
    ]
}

#[test]
fn lanes_pause_by_the_calendar() {
    let lines = "pauses = [{ lanes = [\"BATCH\"], every = \"weekdays 18:00-20:00 Europe/Paris\", reason = \"finance close\" }, { every = \"sunday 02:00-03:00 UTC\" }]";
    let config = toml(&target(lines)).unwrap();
    let pauses = &config.targets["netsuite"].rules.pauses;
    let stops = |pause: &PlannedPause| Priority::ALL.map(|lane| pause.stops(lane));
    assert_eq!(stops(&pauses[0]), [false, false, true]);
    assert_eq!(stops(&pauses[1]), [true; 3]);
    assert_eq!(pauses[0].reason, "finance close");
}
