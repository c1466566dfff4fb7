//! SAP Gateway's own way to recognise a retry, older than OASIS Repeatable Requests: a GUID and the time of the first
//! attempt. A system must have it switched on. Pure.

use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// The header of the GUID.
pub(crate) const KEY: &str = "requestid";

/// The header of the time.
pub(crate) const CREATION: &str = "repeatabilitycreation";

/// 32 hexadecimal digits: those of a UUID, else the beginning of the key's SHA-256.
pub(crate) fn guid(key: &str) -> String {
    let digits: String = key.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return digits.to_uppercase();
    }
    let hash = Sha256::digest(key.as_bytes());
    hash[..16]
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

/// `yyyy-MM-ddTHH:mm:ss` in UTC.
pub(crate) fn seconds(at: SystemTime) -> Option<String> {
    let at = jiff::Timestamp::try_from(at).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_form_has_a_guid_of_its_own() {
        assert_eq!(guid("SO-1042").len(), 32);
        assert_ne!(guid("SO-1042"), guid("SO-1043"));
    }
}
