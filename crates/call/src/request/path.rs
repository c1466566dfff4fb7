//! Where a call goes. A message names a path below its target's base URL, and no spelling of it can reach
//! another host or climb above that base. Pure; refusing is preferred to repairing.

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

/// The maximum length of a path with its query, in bytes; servers commonly accept no more.
pub const MAX_PATH_BYTES: usize = 8192;

/// Rounds of decoding after which a path counts as encoded over and over.
const MAX_ROUNDS: usize = 4;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// It does not begin with `/`.
    #[error("the path must begin with /")]
    NotAbsolute,
    /// It begins with `//`, which names another host.
    #[error("the path begins with //, which would name another host")]
    NamesHost,
    /// It holds a backslash, plain or encoded, which some servers read as a slash.
    #[error("the path holds a backslash")]
    Backslash,
    /// It holds a control character, plain or encoded.
    #[error("the path holds a control character")]
    Control,
    /// It holds `#`, which is never sent.
    #[error("the path holds a fragment (#), which is never sent")]
    Fragment,
    /// It is longer than [`MAX_PATH_BYTES`].
    #[error("the path is longer than {MAX_PATH_BYTES} bytes")]
    TooLong,
    /// A `%` is not followed by two hexadecimal digits, the decoded bytes are not UTF-8, or the path is encoded
    /// over and over.
    #[error("the path is not well percent-encoded")]
    BadEncoding,
    /// A segment is `.` or `..`, plain, encoded once or several times, or in look-alike characters.
    #[error("the path holds a . or .. segment")]
    DotSegment,
    /// An absolute URL that cannot be read or is not below the base URL.
    #[error("the endpoint does not lie below the target's base_url")]
    AnotherHost,
}

/// The URL of a path below `base`. The path may carry a query (`/x?a=1`).
///
/// # Errors
/// The first rule the path breaks.
pub fn resolve(base: &Url, path: &str) -> Result<Url, PathError> {
    if path.len() > MAX_PATH_BYTES {
        return Err(PathError::TooLong);
    }
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    check(path)?;
    check_query(query.unwrap_or_default())?;
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    // The rules above leave nothing to normalise. Should they have a gap, the call still goes nowhere else.
    if is_below(base, &url) {
        Ok(url)
    } else {
        Err(PathError::AnotherHost)
    }
}

/// The path, with its query, of an absolute URL below `base`: what [`resolve`] turns into that URL again.
///
/// # Errors [`PathError::AnotherHost`] if it is elsewhere, or the rule that its path breaks.
pub fn relative(base: &Url, endpoint: &str) -> Result<String, PathError> {
    let url = Url::parse(endpoint).map_err(|_| PathError::AnotherHost)?;
    if !is_below(base, &url) {
        return Err(PathError::AnotherHost);
    }
    // The text itself is judged, not what the parser made of it: it resolves dot segments silently.
    let (_, rest) = endpoint.split_once("://").ok_or(PathError::AnotherHost)?;
    let start = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let below = match rest[start..].strip_prefix(base.path().trim_end_matches('/')) {
        Some(below) if below.is_empty() || below.starts_with('?') => format!("/{below}"),
        Some(below) => below.to_owned(),
        None => return Err(PathError::AnotherHost),
    };
    if resolve(base, &below)? == url {
        Ok(below)
    } else {
        Err(PathError::AnotherHost)
    }
}

/// Same scheme, host and port, no user name, and a path equal to the base path or continuing it after a slash.
fn is_below(base: &Url, url: &Url) -> bool {
    let same_place = base.scheme() == url.scheme()
        && base.host() == url.host()
        && base.port_or_known_default() == url.port_or_known_default();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let prefix = base.path().trim_end_matches('/');
    let continues = url
        .path()
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    same_place && anonymous && url.fragment().is_none() && continues
}

fn check(path: &str) -> Result<(), PathError> {
    if !path.starts_with('/') {
        return Err(PathError::NotAbsolute);
    }
    if path.starts_with("//") {
        return Err(PathError::NamesHost);
    }
    if path.contains('#') {
        return Err(PathError::Fragment);
    }
    if !is_well_encoded(path) {
        return Err(PathError::BadEncoding);
    }
    // A proxy on the way may decode once more than we do, so every reading of the path is judged.
    let mut reading = path.to_owned();
    for _ in 0..MAX_ROUNDS {
        check_reading(&reading)?;
        let decoded = percent_decode_str(&reading)
            .decode_utf8()
            .map_err(|_| PathError::BadEncoding)?;
        if decoded == reading {
            return Ok(());
        }
        reading = decoded.into_owned();
    }
    Err(PathError::BadEncoding)
}

/// Every `%` is followed by two hexadecimal digits.
fn is_well_encoded(path: &str) -> bool {
    path.split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

fn check_reading(reading: &str) -> Result<(), PathError> {
    if reading.contains('\\') {
        return Err(PathError::Backslash);
    }
    if reading.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    if reading.starts_with("//") {
        return Err(PathError::NamesHost);
    }
    if reading.split('/').any(is_dot_segment) {
        return Err(PathError::DotSegment);
    }
    Ok(())
}

/// `.` and `..`, also before path parameters (`..;x`), surrounded by blanks, or in characters that some
/// servers normalise to dots.
fn is_dot_segment(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default().trim();
    let dots = name
        .chars()
        .map(|c| match c {
            '.' | '\u{ff0e}' | '\u{2024}' | '\u{fe52}' => 1,
            '\u{2025}' => 2,
            _ => 3,
        })
        .sum::<usize>();
    matches!(dots, 1 | 2)
}

fn check_query(query: &str) -> Result<(), PathError> {
    if query.contains('#') {
        return Err(PathError::Fragment);
    }
    if query.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
