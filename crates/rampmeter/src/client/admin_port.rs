//! How the command line reaches the admin port: by a URL with the token of whoever uses it, or by the Unix socket of a server of this
//! machine, which knows the user of the process.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rampmeter_config::Server;
use rampmeter_terminal::Failure;
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use super::{DEFAULT_ADMIN, base_url, http_client, token};

/// The data directory of a server that a package brought.
const OF_PACKAGE: &str = "/var/lib/rampmeter";

/// The admin port of one server. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct AdminPort {
    http: reqwest::Client,
    url: Url,
    socket: Option<PathBuf>,
    token: Option<SecretString>,
}

impl AdminPort {
    /// The one that is named, as a URL, an address or `unix:PATH`; else the socket of a server that runs here, else the usual address.
    pub(super) fn of(
        named: Option<&str>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<AdminPort, Failure> {
        let named = named.filter(|named| !named.is_empty());
        let socket = match named {
            Some(named) => named.strip_prefix("unix:").map(PathBuf::from),
            None => found(environment),
        };
        let url = match (&socket, named) {
            (None, Some(named)) => base_url("--admin", named)?,
            (None, None) => base_url("--admin", DEFAULT_ADMIN)?,
            // The name of a host must be there and leads nowhere.
            (Some(_), _) => base_url("--admin", "http://localhost")?,
        };
        // What is found at a socket knows who asks: it needs no token, and is given none.
        let token = match &socket {
            Some(_) => None,
            None => token::of(environment)?,
        };
        Ok(AdminPort {
            http: http_client(environment, socket.as_deref())?,
            url,
            socket,
            token,
        })
    }

    /// A request that reads what is at this path, given by its segments.
    pub(super) fn get(&self, segments: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.url_of(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.by_user(self.http.get(url))
    }

    /// A request that changes something.
    pub(super) fn post(&self, segments: &[&str]) -> RequestBuilder {
        self.by_user(self.http.post(self.url_of(segments)))
    }

    fn url_of(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn by_user(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }
}

impl fmt::Display for AdminPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Some(socket) => write!(f, "{}", socket.display()),
            None => write!(f, "{}", self.url),
        }
    }
}

/// The socket of a server that runs here: in the data directory that the environment names, in the usual one below this directory, or in that of
/// the package. In the first two, where anybody may have put something, one of another user is not taken for a server's.
fn found(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let data_dir = environment("RAMPMETER_SERVER__DATA_DIR").map(PathBuf::from);
    let usual = Server::default().data_dir;
    let ours = [data_dir, Some(usual)].into_iter().flatten();
    let own = |path: &Path| {
        let uid = rustix::process::geteuid().as_raw();
        std::fs::symlink_metadata(path).is_ok_and(|found| found.uid() == uid)
    };
    let of_package = PathBuf::from(OF_PACKAGE).join(Server::SOCKET_NAME);
    ours.map(|directory| directory.join(Server::SOCKET_NAME))
        .filter(|path| own(path))
        .chain([of_package])
        .find(|path| UnixStream::connect(path).is_ok())
}
