//! Who asks.

/// The sender of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    access_key_id: Option<String>,
}

impl Caller {
    /// Somebody of whom nothing is asked.
    pub(crate) fn anybody() -> Caller {
        Caller {
            access_key_id: None,
        }
    }

    /// Whoever holds this credential.
    pub(crate) fn with_key(access_key_id: String) -> Caller {
        Caller {
            access_key_id: Some(access_key_id),
        }
    }

    /// The access key id whose signature was verified; none when no signature is asked for.
    pub(crate) fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }
}
