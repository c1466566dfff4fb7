//! The sender of a request, by the access key id that signed it.

/// The sender of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    access_key_id: Option<String>,
}

impl Caller {
    /// Anybody: no signature is required.
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

    /// The access key id whose signature was verified; `None` when no signature is required.
    pub(crate) fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }
}
