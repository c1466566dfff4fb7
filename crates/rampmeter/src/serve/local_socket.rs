//! The Unix socket of the admin port, for the command line on the same machine: neither TLS nor a login, because only the user of the
//! server, and the administrator of the machine, may open it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rampmeter_config::{Server, Socket};
use rampmeter_terminal::{Exit, Failure};
use tokio::net::UnixListener;

/// The socket's file, taken away when the server ends.
#[derive(Debug)]
pub(super) struct SocketFile(pub(super) PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whatever else has the name by now is not ours.
        if is_socket(&self.0) {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Makes the socket that the configuration asks for. One that it does not name is made where that is possible: a long path, or a file system
/// without sockets, is no reason not to start.
pub(super) fn open(server: &Server) -> Result<Option<(UnixListener, SocketFile)>, Failure> {
    let Some(path) = server.admin_socket() else {
        return Ok(None);
    };
    match bind(&path) {
        Ok(bound) => Ok(Some((bound, SocketFile(path)))),
        Err(why) if server.admin.socket == Socket::InDataDirectory => {
            tracing::warn!(socket = %path.display(), %why, "there is no socket for the local command line");
            Ok(None)
        }
        Err(why) => {
            let what = format!("the socket {} cannot be made: {why}", path.display());
            Err(Failure::new("RM2065", Exit::Usage, what)
                .with_help("name another path for `socket` in [server.admin], or \"none\""))
        }
    }
}

/// Files of this process are made for its user alone, so nobody else can open the socket before its mode is set.
fn bind(path: &Path) -> io::Result<UnixListener> {
    take_away_what_nobody_answers_at(path)?;
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A server that was killed leaves its socket behind. What is no socket, and what a process answers at, stays. A link is not followed.
fn take_away_what_nobody_answers_at(path: &Path) -> io::Result<()> {
    if !is_socket(path) {
        return match fs::symlink_metadata(path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(why) => Err(why),
            Ok(_) => Err(io::Error::other("something else has this name")),
        };
    }
    match UnixStream::connect(path) {
        Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(why) => Err(why),
        Ok(_) => Err(io::Error::from(io::ErrorKind::AddrInUse)),
    }
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let stale = path("stale");
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        let bound = bind(&stale).unwrap();
        let mode = fs::metadata(&stale).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let in_use = bind(&stale).unwrap_err();
        assert_eq!(in_use.kind(), io::ErrorKind::AddrInUse);
        drop(bound);
        fs::write(path("file"), "mine").unwrap();
        std::os::unix::fs::symlink(&stale, path("link")).unwrap();
        for name in ["file", "link"] {
            assert!(bind(&path(name)).is_err(), "{name}");
            assert!(fs::symlink_metadata(path(name)).is_ok(), "{name}");
        }
        assert_eq!(fs::read_to_string(path("file")).unwrap(), "mine");
        drop(SocketFile(path("file")));
        assert!(path("file").exists());
        drop(SocketFile(stale.clone()));
        assert!(!stale.exists());
    }
}
