//! The users who may log in, as the file of users holds them: one entry for each token, with the name and the role of
//! its user. The file is JSON, holds no secret, and is written by `rampmeter user`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::role::Role;
use super::token::{self, Token};

const SCHEMA: &str = "rampmeter.users/1";

/// Longest name of a user, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// A user's token, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Who it is, as the audit trail names them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The eight digits that name the token.
    pub token_id: String,
    /// SHA-256 of the token, in hexadecimal digits.
    pub token_sha256: String,
    /// When it was made.
    #[serde(with = "super::moment")]
    pub created_at: Timestamp,
    /// When it expires.
    #[serde(
        default,
        with = "super::moment::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Timestamp>,
}

impl User {
    /// The entry as lists show it.
    #[must_use]
    pub fn to_json(&self, now: Timestamp) -> Value {
        json!({
            "name": self.name,
            "role": self.role.as_str(),
            "token_id": self.token_id,
            "created_at": self.created_at.to_string(),
            "expires_at": self.expires_at.map(|end| end.to_string()),
            "expired": self.is_expired(now),
        })
    }

    /// Whether the token has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }
}

/// Everybody who may log in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(Vec<User>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    users: Vec<User>,
}

/// Why a text is not a file of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadUsers(String);

impl fmt::Display for BadUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadUsers {}

/// Why a user was not added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdded {
    /// The name is empty, too long, or has characters that could be mistaken for others.
    BadName,
    /// There is a user of this name with another role.
    OtherRole(Role),
    /// The random bytes made an id that exists already.
    SameId,
}

impl fmt::Display for NotAdded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotAdded::BadName => write!(
                f,
                "a name has 1 to {MAX_NAME_BYTES} letters a-z and A-Z, digits and . _ - @ +"
            ),
            NotAdded::OtherRole(role) => write!(
                f,
                "there is a user of this name with the role {role}: remove it first, or give the new one the same role"
            ),
            NotAdded::SameId => f.write_str("a token of this id exists already: try again"),
        }
    }
}

impl std::error::Error for NotAdded {}

impl Users {
    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is not what `to_text` writes, or was changed into something ambiguous.
    pub fn parse(text: &str) -> Result<Users, BadUsers> {
        let file: File = serde_json::from_str(text).map_err(|why| BadUsers(why.to_string()))?;
        if file.schema != SCHEMA {
            return Err(BadUsers(format!("its schema is not {SCHEMA}")));
        }
        let mut users = Users::default();
        for user in file.users {
            if token::id_of(&format!("rmp_{}_x", user.token_id)).is_none() {
                return Err(BadUsers(
                    "a token_id is not eight hexadecimal digits".to_owned(),
                ));
            }
            users.put(user).map_err(|why| BadUsers(why.to_string()))?;
        }
        Ok(users)
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let file = File {
            schema: SCHEMA.to_owned(),
            users: self.0.clone(),
        };
        let text = serde_json::to_string_pretty(&file).expect("names and dates are JSON");
        text + "\n"
    }

    /// Adds a user with this token, valid from now until `expires_at`. A user may have several tokens, so that one can be
    /// replaced without a gap.
    ///
    /// # Errors
    /// When the name is not allowed, or already has another role.
    pub fn add(
        &mut self,
        name: &str,
        role: Role,
        token: &Token,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<(), NotAdded> {
        self.put(User {
            name: name.to_owned(),
            role,
            token_id: token.id().to_owned(),
            token_sha256: token.digest(),
            created_at: now,
            expires_at,
        })
    }

    fn put(&mut self, user: User) -> Result<(), NotAdded> {
        if !is_name(&user.name) {
            return Err(NotAdded::BadName);
        }
        if let Some(known) = self.0.iter().find(|known| known.name == user.name)
            && known.role != user.role
        {
            return Err(NotAdded::OtherRole(known.role));
        }
        if self.with_id(&user.token_id).is_some() {
            return Err(NotAdded::SameId);
        }
        self.0.push(user);
        Ok(())
    }

    /// Removes all tokens of a user, or the one with this id. Returns how many there were.
    pub fn remove(&mut self, name: &str, token_id: Option<&str>) -> usize {
        let before = self.0.len();
        self.0.retain(|user| {
            user.name != name || token_id.is_some_and(|token_id| user.token_id != token_id)
        });
        before - self.0.len()
    }

    /// Every token, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.iter()
    }

    /// Whether nobody may log in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The user whose token this is, if it is valid now.
    #[must_use]
    pub fn of_token(&self, token: &str, now: Timestamp) -> Option<&User> {
        let user = self.good(token::id_of(token)?, now)?;
        token::has_digest(token, &user.token_sha256).then_some(user)
    }

    /// The user whose token has this id, if it is valid now.
    #[must_use]
    pub fn good(&self, token_id: &str, now: Timestamp) -> Option<&User> {
        let user = self.with_id(token_id)?;
        (!user.is_expired(now)).then_some(user)
    }

    fn with_id(&self, token_id: &str) -> Option<&User> {
        self.0.iter().find(|user| user.token_id == token_id)
    }
}

/// A name has only characters that cannot be mistaken for others, since it appears in logs and in the audit trail.
fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || b"._-@+".contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::super::token::RANDOM_BYTES;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn token(byte: u8) -> Token {
        Token::new(&[byte; RANDOM_BYTES])
    }

    #[test]
    fn a_token_is_good_until_it_expires_or_is_removed() {
        let mut users = Users::default();
        users
            .add("anna", Role::Viewer, &token(1), at(0), Some(at(10)))
            .unwrap();
        users
            .add("anna", Role::Viewer, &token(2), at(0), None)
            .unwrap();
        let name = |users: &Users, byte, now| {
            users
                .of_token(token(byte).expose(), at(now))
                .map(|user| user.name.clone())
        };
        assert_eq!(name(&users, 1, 9).as_deref(), Some("anna"));
        assert_eq!(name(&users, 1, 10), None);
        assert_eq!(name(&users, 2, 10).as_deref(), Some("anna"));
        assert_eq!(name(&users, 3, 0), None);
        assert_eq!(users.remove("anna", Some("02020202")), 1);
        assert_eq!(name(&users, 2, 0), None);
        assert_eq!(
            (users.remove("bob", None), users.remove("anna", None)),
            (0, 1)
        );
        assert!(users.is_empty());
    }

    #[test]
    fn the_id_of_a_token_without_its_secret_lets_nobody_in() {
        let mut users = Users::default();
        users
            .add("anna", Role::Admin, &token(1), at(0), None)
            .unwrap();
        for text in ["rmp_01010101_x", "rmp_01010101_", "01010101", ""] {
            assert_eq!(users.of_token(text, at(0)), None, "{text}");
        }
    }

    #[test]
    fn the_file_holds_no_token_and_comes_back_as_it_was() {
        let mut users = Users::default();
        users
            .add(
                "anna@example.com",
                Role::Operator,
                &token(7),
                at(5),
                Some(at(9)),
            )
            .unwrap();
        let text = users.to_text();
        assert!(!text.contains(token(7).expose()));
        assert_eq!(Users::parse(&text), Ok(users));
    }

    #[test]
    fn names_that_could_be_mistaken_and_files_that_are_ambiguous_are_refused() {
        let mut users = Users::default();
        for name in [
            "",
            "two words",
            "a\u{202e}b",
            "a\u{1b}[1m",
            &"x".repeat(65),
            "anná",
        ] {
            let added = users.add(name, Role::Viewer, &token(1), at(0), None);
            assert_eq!(added, Err(NotAdded::BadName), "{name:?}");
        }
        users
            .add("anna", Role::Viewer, &token(1), at(0), None)
            .unwrap();
        let again = users.add("anna", Role::Admin, &token(2), at(0), None);
        assert_eq!(again, Err(NotAdded::OtherRole(Role::Viewer)));
        assert_eq!(
            users.add("bob", Role::Admin, &token(1), at(0), None),
            Err(NotAdded::SameId)
        );
        for text in ["", "{}", r#"{"schema": "rampmeter.users/2", "users": []}"#] {
            assert!(Users::parse(text).is_err(), "{text}");
        }
        assert!(Users::parse(&users.to_text().replace("01010101", "0101")).is_err());
    }
}
