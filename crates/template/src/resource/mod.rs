//! The resources of a deployment, one file for each kind. Each function adds what belongs together to the template.

pub(crate) mod alarm;
pub(crate) mod dashboard;
pub(crate) mod encryption;
pub(crate) mod function;
pub(crate) mod layer;
pub(crate) mod log_group;
pub(crate) mod machine;
pub(crate) mod mapping;
pub(crate) mod parameter;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod schedule;
pub(crate) mod source;
pub(crate) mod table;

/// What holds acknowledged work outlives its stack, but not a stack whose first deployment failed: the next one would find
/// its names taken.
const KEPT: &str = "RetainExceptOnCreate";
