//! The cookie of a session: no script can read it, and no page of another site can make a browser send it.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

const NAME: &str = "rampmeter_session";

/// The value of `Set-Cookie` that opens a session. `secure`: browsers send it over TLS only.
pub(crate) fn session_cookie(value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

/// The value of `Set-Cookie` that takes it away.
pub(crate) fn cleared_cookie() -> String {
    format!("{NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The session that a request shows.
pub(crate) fn session_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter();
    let mut pairs = cookies
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == NAME);
    found
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_of(&headers), None);
        headers.append(COOKIE, "a=b; xrampmeter_session=no".parse().unwrap());
        assert_eq!(session_of(&headers), None);
        headers.append(COOKIE, "c=d; rampmeter_session=yes; e".parse().unwrap());
        assert_eq!(session_of(&headers), Some("yes"));
    }
}
