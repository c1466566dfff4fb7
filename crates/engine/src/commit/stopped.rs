//! How the writer ended.

/// How the writer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Asked to: everything acknowledged is on disk.
    ShutDown,
    /// The store failed. The process must exit with a status other than zero; a restart recovers.
    Poisoned(String),
}
