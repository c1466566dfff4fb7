//! Bodies that are too long to be carried along: each goes into a file while it arrives, so that its length costs no
//! memory, and the file is synced before anybody sees the answer. Whoever names the path says which bodies are too
//! long; a file that nobody keeps is removed with its answer.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rampmeter_call::{BodyFile, StoredBody};
use sha2::{Digest, Sha256};

fn discard(path: &Path) {
    if let Err(why) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %why, "a body that nobody keeps stays behind");
    }
}

/// A body that is being written to its file.
#[derive(Debug)]
pub(crate) struct Arriving {
    file: File,
    owner: Arc<BodyFile>,
    hash: Sha256,
    size: u64,
}

impl Arriving {
    /// Makes the file, which must not be there yet.
    pub(crate) fn create(path: &Path) -> io::Result<Arriving> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Arriving {
            file,
            owner: Arc::new(BodyFile::new(path.to_owned(), discard)),
            hash: Sha256::new(),
            size: 0,
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Returns when the file and its name are on disk.
    pub(crate) fn finish(self, content_type: Option<String>) -> io::Result<StoredBody> {
        self.file.sync_all()?;
        if let Some(directory) = self.owner.path().parent() {
            File::open(directory)?.sync_all()?;
        }
        let sha256 = self.hash.finalize();
        Ok(StoredBody {
            size: self.size,
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            content_type,
            call: None,
            file: self.owner,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_keeps_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        for kept in [false, true] {
            let path = directory.path().join("1");
            let mut arriving = Arriving::create(&path).unwrap();
            arriving.write(b"ab").unwrap();
            arriving.write(b"c").unwrap();
            let stored = arriving.finish(None).unwrap();
            assert_eq!(stored.size, 3);
            // FIPS 180-2, appendix B.1.
            assert!(
                stored
                    .sha256
                    .starts_with("ba7816bf8f01cfea414140de5dae2223")
            );
            let copy = stored.clone();
            drop(stored);
            assert!(path.exists(), "a copy of the answer is still there");
            if kept {
                copy.keep();
            }
            drop(copy);
            assert_eq!(path.exists(), kept);
        }
    }
}
