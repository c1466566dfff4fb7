//! State machines with their revisions, versions and aliases; activities and their tasks; tags.

pub(crate) mod activity;
pub(crate) mod revision;
pub(crate) mod tag;
pub(crate) mod version;
