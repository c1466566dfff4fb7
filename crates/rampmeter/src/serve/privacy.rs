//! Keeps the server's files and memory, which hold bodies of calls and secrets, from other users of this machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rampmeter_terminal::output::note;
use rustix::fs::Mode;

/// The bits that let others in.
const OTHERS: u32 = 0o077;

/// From now on, files of this process are made for its user alone, whatever the shell's umask says.
pub(crate) fn own_files() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// From now on, files of this process are made for its user alone, whatever the shell's umask says; and existing files
/// in the data directory are closed to others. If the directory itself is open to others there is only a warning: its
/// owner may have a reason.
pub(super) fn close(data_dir: &Path) {
    own_files();
    hide_memory();
    let Ok(directory) = fs::metadata(data_dir) else {
        return;
    };
    if directory.mode() & OTHERS != 0 {
        note(&format!(
            "warning: other users can look into {0}: chmod 700 {0}",
            data_dir.display()
        ));
    }
    for entry in fs::read_dir(data_dir).into_iter().flatten().flatten() {
        let Ok(found) = entry.metadata() else {
            continue;
        };
        if found.is_file() && found.mode() & OTHERS != 0 {
            let closed = Permissions::from_mode(found.mode() & 0o700);
            if let Err(why) = fs::set_permissions(entry.path(), closed) {
                tracing::warn!(file = %entry.path().display(), %why, "others can read this file");
            }
        }
    }
}

/// Forbids core dumps, and other processes of the same user to read the memory.
#[cfg(target_os = "linux")]
fn hide_memory() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(why) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::debug!(%why, "the memory of this process can be read by its user");
    }
}

#[cfg(not(target_os = "linux"))]
fn hide_memory() {}
