//! Targets for which calls wait and which the configuration does not have.

use rampmeter_engine::AbsentTarget;

/// Its code.
pub(crate) const ABSENT_TARGET: &str = "RM2035";

/// A warning about a target that the configuration no longer has.
pub(crate) fn absent_target(target: &AbsentTarget) -> String {
    let AbsentTarget { name, messages } = target;
    let calls = match messages {
        1 => "1 call".to_owned(),
        _ => format!("{messages} calls"),
    };
    format!(
        "warning[{ABSENT_TARGET}]: {calls} wait for the target {name:?}, which the configuration does not have\n\
         \x20 help: they wait until it is configured again; name it [targets.{name}], if it was renamed"
    )
}
