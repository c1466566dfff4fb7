//! A refresh token that its server may replace at each use, kept on disk so that a restart knows the newest one. One file
//! for each target; processes that share it take turns, because a token that is used twice is refused and may end the
//! sign-in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// The newest refresh token of a target, for as long as nobody else may use it.
#[derive(Debug)]
pub(super) struct KeptToken {
    path: PathBuf,
    /// The configured token that the kept one descends from.
    origin: String,
    newest: Secret,
    /// Unlocked when closed.
    _turn: File,
}

impl KeptToken {
    /// Waits for its turn and reads the file. If the configured token has changed since, it takes precedence over the
    /// kept one.
    ///
    /// # Errors
    /// The file cannot be read, or could not be written: a token must not be used whose successor would be lost.
    pub(super) fn take(path: &Path, configured: &Secret) -> io::Result<KeptToken> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let turn = own_file(&path.with_extension("lock"))?;
        turn.lock()?;
        let origin = fingerprint(configured);
        let newest = match fs::read_to_string(path) {
            Ok(text) => read(&text, &origin),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(KeptToken {
            path: path.to_owned(),
            origin,
            newest: newest.unwrap_or_else(|| configured.clone()),
            _turn: turn,
        })
    }

    /// The token to be used.
    pub(super) fn newest(&self) -> &Secret {
        &self.newest
    }

    /// Keeps the token that has replaced it. Returns when that is on disk.
    pub(super) fn replace(&self, by: &Secret) -> io::Result<()> {
        let text = json!({ "origin": self.origin, "refresh_token": by.expose() }).to_string();
        let arriving = self.path.with_extension("new");
        let mut file = own_file(&arriving)?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&arriving, &self.path)?;
        match self.path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// A file that nobody else may read.
fn own_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn read(text: &str, origin: &str) -> Option<Secret> {
    let kept: Value = serde_json::from_str(text).ok()?;
    let same = kept.get("origin")?.as_str()? == origin;
    let token = kept.get("refresh_token")?.as_str()?;
    (same && !token.is_empty()).then(|| Secret::new(token))
}

/// Tells one configured token from another without storing it.
fn fingerprint(token: &Secret) -> String {
    let hash = Sha256::digest(token.expose().as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_newest_token_is_there_after_a_restart_until_the_configuration_has_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("refresh-tokens/erp");
        let configured = Secret::new("first");
        let take = |configured| KeptToken::take(&path, configured).unwrap();
        assert_eq!(take(&configured).newest().expose(), "first");
        take(&configured).replace(&Secret::new("second")).unwrap();
        assert_eq!(take(&configured).newest().expose(), "second");
        let other = Secret::new("asked for anew");
        assert_eq!(take(&other).newest().expose(), "asked for anew");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn a_file_that_cannot_be_read_as_a_token_is_as_if_there_was_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("erp");
        for text in ["", "{}", "{\"origin\": 1}", "not json"] {
            fs::write(&path, text).unwrap();
            let kept = KeptToken::take(&path, &Secret::new("first")).unwrap();
            assert_eq!(kept.newest().expose(), "first", "{text}");
        }
    }

    #[test]
    fn nobody_else_has_the_token_until_its_turn_ends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("erp");
        let kept = KeptToken::take(&path, &Secret::new("first")).unwrap();
        let other = own_file(&path.with_extension("lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(kept);
        assert!(other.try_lock().is_ok());
    }
}
