//! A value that must never be seen: passwords, bearer values, keys. It can be used, but not printed, compared or
//! written out. Memory is cleared when it is dropped.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A credential. `Debug` shows a placeholder, there is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a credential.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// The credential itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_in_debug() {
        let shown = format!(
            "{:?} {:#?}",
            Secret::new("canary-7f3a"),
            Secret::from("canary-7f3a")
        );
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(Secret::new("canary-7f3a").expose(), "canary-7f3a");
    }
}
