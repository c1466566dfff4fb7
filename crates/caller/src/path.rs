//! Where a call goes. A message names a path below its target's base URL and can by no spelling reach another
//! host or climb above that base. Pure; refusing is preferred to repairing.

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

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
    /// A `%` is not followed by two hexadecimal digits, or the decoded bytes are not UTF-8.
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
    let (path, query) = split_query(path);
    check(path)?;
    if let Some(query) = query {
        check_query(query)?;
    }
    let mut url = base.clone();
    let full = format!("{}{path}", base.path().trim_end_matches('/'));
    url.set_path(&full);
    url.set_query(query);
    // The rules above leave nothing to normalise; this holds them to it.
    assert!(
        is_below(base, &url),
        "a checked path stays below its base URL"
    );
    Ok(url)
}

/// The path, with its query, of an absolute URL below `base`: what `resolve` would turn into that URL again.
///
/// # Errors
/// [`PathError::AnotherHost`] if it lies elsewhere, or the rule that its path breaks.
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
    resolve(base, &below)?;
    Ok(below)
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

fn split_query(path: &str) -> (&str, Option<&str>) {
    match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    }
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
    // A proxy on the way may decode once more than we do, so every reading of the path is judged.
    let mut reading = path.to_owned();
    loop {
        check_reading(&reading)?;
        if !reading.contains('%') {
            return Ok(());
        }
        let decoded = decode(&reading)?;
        if decoded == reading {
            return Ok(());
        }
        reading = decoded;
    }
}

/// One round of percent-decoding. It makes the text shorter or leaves it, so that rounds come to an end. Only the
/// first round may fail: a `%25` stands for a plain percent sign, which need not begin another code.
fn decode(text: &str) -> Result<String, PathError> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| PathError::BadEncoding)?;
    Ok(decoded.into_owned())
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

/// `.` and `..`, also before path parameters (`..;x`), with blanks around, or in characters that normalise to dots.
fn is_dot_segment(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default().trim();
    let dots = name
        .chars()
        .filter(|c| matches!(c, '.' | '\u{ff0e}' | '\u{2024}' | '\u{fe52}'))
        .count();
    match name.chars().count() {
        1 => dots == 1,
        2 => dots == 2,
        // U+2025 is a two-dot leader.
        _ => false,
    }
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
