//! The resources of a deployment, one file for each kind. Each function adds what belongs together to the template.

pub(super) mod alarm;
pub(super) mod dashboard;
pub(super) mod function;
pub(super) mod layer;
pub(super) mod log_group;
pub(super) mod machine;
pub(super) mod mapping;
pub(super) mod parameter;
pub(super) mod queue;
pub(super) mod role;
pub(super) mod source;
pub(super) mod table;
