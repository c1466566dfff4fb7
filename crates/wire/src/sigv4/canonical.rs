//! The canonical form of a request: the text whose digest is signed. Two requests with the same meaning have the same
//! form, and no two with different meanings do.

use axum::http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::Message;

/// Everything except the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Why a request has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MissingHeader(pub(super) String);

/// The canonical request. `signed`: names of headers, lower-case, in the order in which the client gave them. `payload`:
/// digest of the body.
pub(super) fn request(
    message: &Message<'_>,
    signed: &[String],
    payload: &str,
) -> Result<Vec<u8>, MissingHeader> {
    let mut text = Vec::new();
    for line in [message.method, &path(message.path), &query(message.query)] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    let mut sorted: Vec<&String> = signed.iter().collect();
    sorted.sort_unstable();
    for name in sorted {
        header(message.headers, name, &mut text)?;
    }
    text.push(b'\n');
    text.extend_from_slice(signed.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload.as_bytes());
    Ok(text)
}

/// The path without dot segments and double slashes, and encoded once more than it was sent, as for all services except
/// S3.
fn path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 1);
    for segment in &segments {
        canonical.push('/');
        canonical.extend(percent_encode(segment.as_bytes(), RESERVED));
    }
    if canonical.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// The parameters, sorted and uniformly encoded, without the signature itself.
fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encoded_once(name), encoded_once(value))
        })
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// A plus sign is a space here as it is to the form that is read from the same text.
fn encoded_once(text: &str) -> String {
    let spaces = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&spaces).collect();
    percent_encode(&bytes, RESERVED).to_string()
}

fn header(headers: &HeaderMap, name: &str, text: &mut Vec<u8>) -> Result<(), MissingHeader> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Err(MissingHeader(name.to_owned()));
    }
    text.extend_from_slice(name.as_bytes());
    let mut separator = b':';
    for value in values {
        text.push(separator);
        separator = b',';
        let words = value
            .as_bytes()
            .split(|letter| matches!(letter, b' ' | b'\t'))
            .filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(word);
        }
    }
    text.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        for (sent, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/a/..", "/"),
            ("/a/../..", "/"),
            ("/a/./b//c", "/a/b/c"),
            ("/a/", "/a/"),
            ("/a%20b", "/a%2520b"),
            ("/q.fifo", "/q.fifo"),
        ] {
            assert_eq!(path(sent), canonical, "{sent}");
        }
    }

    #[test]
    fn parameters_are_sorted_after_they_are_encoded() {
        for (sent, canonical) in [
            ("", ""),
            ("b=1&a=2", "a=2&b=1"),
            ("a=2&a=1", "a=1&a=2"),
            ("a", "a="),
            ("a=%e1%88%b4", "a=%E1%88%B4"),
            ("a=x+y", "a=x%20y"),
            ("a=x%2by", "a=x%2By"),
            ("a=~-_.", "a=~-_."),
            ("a=1&X-Amz-Signature=00", "a=1"),
        ] {
            assert_eq!(query(sent), canonical, "{sent}");
        }
    }
}
