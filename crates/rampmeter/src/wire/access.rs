//! Who asks.

/// The sender of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    access_key_id: Option<String>,
}

impl Caller {
    /// Somebody of whom nothing was asked.
    pub(crate) fn anybody() -> Caller {
        Caller {
            access_key_id: None,
        }
    }

    /// The access key id whose signature was verified.
    pub(crate) fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }
}
