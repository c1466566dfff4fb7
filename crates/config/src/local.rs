//! URLs that lead to this very machine. Such an address needs no leave of its own where it is written in plain words.

/// Whether a URL says in plain words that it leads to this very machine. Whoever writes that means it; other spellings
/// of the same address are not taken for permission.
pub(crate) fn is_plainly_local(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
        rest.strip_prefix(host)
            .is_some_and(|after| after.is_empty() || after.starts_with([':', '/']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_name_this_machine() {
        for text in [
            "http://localhost",
            "http://127.0.0.1:80/",
            "https://[::1]/a",
            "http://localhost:1",
        ] {
            assert!(is_plainly_local(text), "{text}");
        }
        for text in [
            "http://localhost.evil.test",
            "http://127.0.0.1.nip.io",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://127.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost@evil.test/",
            "http://localhost.",
            "localhost",
        ] {
            assert!(!is_plainly_local(text), "{text}");
        }
    }
}
