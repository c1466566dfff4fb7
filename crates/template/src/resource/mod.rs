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

/// The deletion policy of what holds acknowledged work: it outlives its stack, unless the first deployment failed, for
/// then the next one would find its names taken.
const KEPT: &str = "RetainExceptOnCreate";
