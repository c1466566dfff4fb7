//! One remote account as the caller sees it: where it is, how to sign in, which vendor's rules apply.
//! Limits and retry rules of the same account live in `dispatch` and `config`.

use std::time::Duration;

use url::Url;

use crate::auth::Auth;
use crate::preset::Preset;
use crate::secret::Secret;

/// One remote account.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name of the target, as in the configuration.
    pub target: String,
    /// Where the account is. Every path of a call lies below it.
    pub base_url: Url,
    /// How a call signs in.
    pub auth: Auth,
    /// Longest time from the first connection attempt to the last byte of the answer.
    pub timeout: Duration,
    /// The vendor, which decides what an answer means.
    pub preset: Preset,
    /// Headers sent with every call. Their values may be credentials (an API key), so a call cannot replace them.
    pub headers: Vec<(String, Secret)>,
    /// Bytes of an answer's body (after decompression) that are kept; the rest is dropped and said so.
    pub max_response_bytes: usize,
}

impl Profile {
    /// Bytes of an answer's body that are kept unless the profile says otherwise: 1 MiB.
    pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

    /// A profile with no sign-in, no extra headers and the generic HTTP rules.
    #[must_use]
    pub fn new(target: impl Into<String>, base_url: Url, timeout: Duration) -> Profile {
        Profile {
            target: target.into(),
            base_url,
            auth: Auth::None,
            timeout,
            preset: Preset::Http,
            headers: Vec::new(),
            max_response_bytes: Profile::MAX_RESPONSE_BYTES,
        }
    }
}
