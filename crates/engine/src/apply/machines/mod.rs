//! State machines, their versions and aliases, and tags.

pub(crate) mod alias;
pub(crate) mod context;
pub(crate) mod machine;
pub(crate) mod tag;
pub(crate) mod version;
