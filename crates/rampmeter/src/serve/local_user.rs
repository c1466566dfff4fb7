//! The name of a user of this machine, as its file of users has it. A machine may know its users from elsewhere (LDAP): then the number
//! must do, which is what counts.

use rampmeter_wire::peer::LocalUser;

const PASSWD: &str = "/etc/passwd";

/// The user of this number.
pub(super) fn user_of(uid: u32) -> LocalUser {
    let users = std::fs::read_to_string(PASSWD).unwrap_or_default();
    LocalUser {
        uid,
        name: name_in(&users, uid),
    }
}

/// The first name of this number in a text of lines such as `root:x:0:0:root:/root:/bin/sh`, if it is one to show.
fn name_in(users: &str, uid: u32) -> Option<String> {
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then_some(name)
    })?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-$".contains(letter);
    (!named.is_empty() && named.chars().all(is_plain)).then(|| named.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_number_and_by_a_plain_name() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nb:x:7:7::/:/x\nodd\u{1b}name:x:8:8::/:/x\n";
        assert_eq!(name_in(users, 0).as_deref(), Some("root"));
        assert_eq!(name_in(users, 7).as_deref(), Some("b"));
        assert_eq!(name_in(users, 8), None);
        assert_eq!(name_in(users, 9), None);
    }
}
