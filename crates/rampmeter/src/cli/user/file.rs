//! The file of users: where it lies, how it is read and written. A new file is readable by its owner only and replaces
//! the old one as a whole, so that a server never reads half of it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use rampmeter_admin::Users;
use rampmeter_terminal::{Exit, Failure};

use crate::serve;

/// Which file it is.
#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// Configuration of the server. Without it: rampmeter.toml in this directory, if there is one.
    #[arg(long, short = 'c', value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory of the server, instead of server.data_dir: the file is users.json in it.
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["users", "config"])]
    data_dir: Option<PathBuf>,
    /// The file itself, instead of server.admin.users.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    users: Option<PathBuf>,
}

impl FileArguments {
    /// Its path.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(users) = &self.users {
            return Ok(users.clone());
        }
        // A configuration may refer to secrets that the person who adds a user does not have.
        if let Some(data_dir) = &self.data_dir {
            return Ok(data_dir.join("users.json"));
        }
        let config = serve::read_configuration(self.config.as_deref())?;
        Ok(config.server.users_file())
    }
}

/// Who is in it; nobody where it is absent.
pub(super) fn read(path: &Path) -> Result<Users, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Users::parse(&text)
            .map_err(|why| refused(format!("{} is no file of users: {why}", path.display()))),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Users::default()),
        Err(why) => Err(refused(format!("{} cannot be read: {why}", path.display()))),
    }
}

/// Writes it as a whole.
pub(super) fn write(path: &Path, users: &Users) -> Result<(), Failure> {
    replace(path, &users.to_text())
        .map_err(|why| refused(format!("{} cannot be written: {why}", path.display())))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    // Of two writers at once, one finds this name taken, and nothing is lost.
    let unfinished = directory.join(".users-being-written");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

pub(super) fn refused(what: String) -> Failure {
    Failure::new("RM2029", Exit::Usage, what)
}
