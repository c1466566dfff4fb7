//! From commands to what is on disk: the writer's thread, its transactions, the effects after each commit, and how a start
//! makes the writer from what an earlier process left behind.

pub(crate) mod effects;
pub(crate) mod measure;
pub(crate) mod open;
pub(crate) mod open_target;
pub(crate) mod publish;
pub(crate) mod recovery;
pub(crate) mod stopped;
pub(crate) mod transaction;
pub(crate) mod writer;
