//! The decision: who a request is from, and whether they may do what it asks for.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rampmeter_config::Server;

use super::register::Register;
use super::role::{Need, Role};
use super::session::Sessions;
use super::users::Users;

/// Who may do what at this port.
#[derive(Debug)]
pub(crate) struct Access {
    /// Without it, everybody who reaches the port may do everything.
    login: bool,
    /// `/metrics` is for everybody.
    open_metrics: bool,
    register: Register,
    sessions: Mutex<Sessions>,
}

/// What a request shows about its sender.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'r> {
    /// Nothing.
    Nothing,
    /// A token.
    Token(&'r str),
    /// The cookie of a session, and whether the request is known to come from a page of this server.
    Session { cookie: &'r str, own_page: bool },
}

/// Somebody whose identity is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) token_id: String,
}

/// Why a request is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Nothing valid says who it is from.
    Unknown,
    /// It is from a user whose role is not sufficient.
    NotAllowed { role: Role, needed: Role },
    /// A change that a page of another site may have made a browser send.
    ForeignPage,
}

impl Access {
    /// Access as the configuration says.
    pub(crate) fn new(server: &Server) -> Access {
        Access::of(
            server.asks_for_login(),
            server.admin.open_metrics,
            server.users_file(),
        )
    }

    fn of(login: bool, open_metrics: bool, users: PathBuf) -> Access {
        Access {
            login,
            open_metrics,
            register: Register::new(users),
            sessions: Mutex::default(),
        }
    }

    /// Whether one must log in.
    pub(crate) fn asks_for_login(&self) -> bool {
        self.login
    }

    /// Everybody who may log in.
    pub(crate) fn users(&self) -> Arc<Users> {
        self.register.users()
    }

    /// Admits a request, or says why not. `changes`: it does more than read. The identity is known where a login is
    /// required.
    pub(crate) fn admit(
        &self,
        need: Need,
        changes: bool,
        shown: Shown<'_>,
        now: Timestamp,
    ) -> Result<Option<Identity>, Denied> {
        if !self.login {
            return Ok(None);
        }
        let identity = self.identify(shown, now);
        let needed = match need {
            Need::Metrics if self.open_metrics => None,
            need => need.role(),
        };
        let Some(needed) = needed else {
            return Ok(identity);
        };
        let identity = identity.ok_or(Denied::Unknown)?;
        if identity.role < needed {
            let role = identity.role;
            return Err(Denied::NotAllowed { role, needed });
        }
        match shown {
            Shown::Session {
                own_page: false, ..
            } if changes => Err(Denied::ForeignPage),
            _ => Ok(Some(identity)),
        }
    }

    fn identify(&self, shown: Shown<'_>, now: Timestamp) -> Option<Identity> {
        let users = self.users();
        let user = match shown {
            Shown::Nothing => return None,
            Shown::Token(token) => users.of_token(token, now),
            Shown::Session { cookie, .. } => self.sessions().find(cookie, &users, now),
        };
        user.map(|user| Identity {
            name: user.name.clone(),
            role: user.role,
            token_id: user.token_id.clone(),
        })
    }

    /// Opens a session for whoever shows a valid token. `cookie` is a new random text.
    pub(crate) fn log_in(&self, token: &str, cookie: &str, now: Timestamp) -> Option<Identity> {
        let identity = self.identify(Shown::Token(token), now)?;
        self.sessions().open(cookie, &identity.token_id, now);
        Some(identity)
    }

    /// Ends a session.
    pub(crate) fn log_out(&self, cookie: &str) {
        self.sessions().end(cookie);
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::{RANDOM_BYTES, Token};
    use super::*;

    const NEEDS: [Need; 5] = [
        Need::Nothing,
        Need::Metrics,
        Need::Viewer,
        Need::Operator,
        Need::Admin,
    ];

    fn now() -> Timestamp {
        Timestamp::from_second(1_000).unwrap()
    }

    fn token(role: Role) -> Token {
        Token::new(&[role as u8; RANDOM_BYTES])
    }

    /// A port with one user of each role.
    fn port(login: bool, open_metrics: bool) -> (tempfile::TempDir, Access) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("users.json");
        let mut users = Users::default();
        for role in Role::ALL {
            users
                .add(role.as_str(), role, &token(role), now(), None)
                .unwrap();
        }
        std::fs::write(&file, users.to_text()).unwrap();
        (directory, Access::of(login, open_metrics, file))
    }

    fn allowed(access: &Access, shown: Shown<'_>) -> [bool; 5] {
        NEEDS.map(|need| access.admit(need, true, shown, now()).is_ok())
    }

    #[test]
    fn each_role_may_do_what_needs_it_or_less() {
        let (_directory, access) = port(true, false);
        assert_eq!(
            allowed(&access, Shown::Nothing),
            [true, false, false, false, false]
        );
        assert_eq!(
            allowed(&access, Shown::Token("rmp_00000000_x")),
            [true, false, false, false, false]
        );
        for (role, expected) in [
            (Role::Metrics, [true, true, false, false, false]),
            (Role::Viewer, [true, true, true, false, false]),
            (Role::Operator, [true, true, true, true, false]),
            (Role::Admin, [true, true, true, true, true]),
        ] {
            let token = token(role);
            assert_eq!(
                allowed(&access, Shown::Token(token.expose())),
                expected,
                "{role}"
            );
        }
    }

    #[test]
    fn a_port_without_login_asks_nobody() {
        let (_directory, access) = port(false, false);
        for need in NEEDS {
            assert_eq!(access.admit(need, true, Shown::Nothing, now()), Ok(None));
        }
    }

    #[test]
    fn metrics_are_open_by_choice_and_nothing_else_is() {
        let (_directory, access) = port(true, true);
        assert!(
            access
                .admit(Need::Metrics, false, Shown::Nothing, now())
                .is_ok()
        );
        assert!(
            access
                .admit(Need::Viewer, false, Shown::Nothing, now())
                .is_err()
        );
    }

    #[test]
    fn a_session_reads_from_anywhere_and_changes_from_its_own_page_only() {
        let (_directory, access) = port(true, false);
        let token = token(Role::Operator);
        assert!(access.log_in("rmp_02020202_no", "c", now()).is_none());
        assert!(access.log_in(token.expose(), "c", now()).is_some());
        let session = |own_page| Shown::Session {
            cookie: "c",
            own_page,
        };
        let admit =
            |changes, own_page| access.admit(Need::Operator, changes, session(own_page), now());
        assert!(admit(false, false).is_ok());
        assert!(admit(true, true).is_ok());
        assert_eq!(admit(true, false), Err(Denied::ForeignPage));
        access.log_out("c");
        assert_eq!(admit(true, true), Err(Denied::Unknown));
    }

    #[test]
    fn a_file_of_users_that_is_absent_or_broken_lets_nobody_in() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("users.json");
        let admit = |file| {
            let access = Access::of(true, false, file);
            access.admit(
                Need::Metrics,
                false,
                Shown::Token(token(Role::Admin).expose()),
                now(),
            )
        };
        assert_eq!(admit(file.clone()), Err(Denied::Unknown));
        std::fs::write(&file, "{").unwrap();
        assert_eq!(admit(file), Err(Denied::Unknown));
    }
}
