//! Whether the signature of a request is that of a credential: its scope, its time, the headers it covers, and the
//! signature itself, compared in constant time.

use std::time::Duration;

use axum::http::header::HOST;
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use super::claim::shown;
use super::{ALGORITHM, Claim, Message, TERMINATOR, canonical, key};

/// How far the clocks of client and server may differ, as on AWS for most services.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// What a signature must be for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The region of the server.
    pub(crate) region: &'a str,
    /// The signing name of the operation's service.
    pub(crate) service: &'a str,
    /// The time at the server.
    pub(crate) now: Timestamp,
}

/// Why a signature is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is none.
    Missing,
    /// It cannot be read.
    Incomplete(String),
    /// Nobody has this access key id.
    UnknownKey,
    /// It is for another scope, or does not cover what it must.
    Scope(String),
    /// It is too old, or from the future.
    Expired(String),
    /// It is not the one that the secret makes.
    Mismatch,
}

/// Checks a claim against the secret of its access key id.
pub(crate) fn check(
    message: &Message<'_>,
    claim: &Claim,
    secret: &str,
    expected: &Expected<'_>,
) -> Result<(), Refused> {
    check_scope(claim, expected)?;
    check_time(claim, expected.now)?;
    check_cover(message, claim)?;
    let payload = key::digest(message.body);
    let canonical = canonical::request(message, &claim.signed_headers, &payload)
        .map_err(|canonical::MissingHeader(_)| Refused::Mismatch)?;
    let text = to_sign(claim, &canonical);
    let right = key::signature(secret, &claim.scope, text.as_bytes());
    if bool::from(right.as_bytes().ct_eq(claim.signature.as_bytes())) {
        Ok(())
    } else {
        Err(Refused::Mismatch)
    }
}

fn to_sign(claim: &Claim, canonical: &[u8]) -> String {
    let digest = key::digest(canonical);
    format!("{ALGORITHM}\n{}\n{}\n{digest}", claim.date, claim.scope)
}

fn check_scope(claim: &Claim, expected: &Expected<'_>) -> Result<(), Refused> {
    let scope = &claim.scope;
    let refused = |why: String| Err(Refused::Scope(why));
    if !claim.date.starts_with(&scope.date) || scope.date.len() != 8 {
        return refused(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
            shown(&scope.date),
            &claim.date[..8],
            claim.date
        ));
    }
    if scope.region != expected.region {
        return refused(format!(
            "Credential should be scoped to a valid region, not '{}'. This server is '{}'.",
            shown(&scope.region),
            expected.region
        ));
    }
    if scope.service != expected.service {
        return refused(format!(
            "Credential should be scoped to correct service: '{}'.",
            expected.service
        ));
    }
    if scope.terminator != TERMINATOR {
        return refused(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
            shown(&scope.terminator)
        ));
    }
    Ok(())
}

fn check_time(claim: &Claim, now: Timestamp) -> Result<(), Refused> {
    let basic = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let skew = SignedDuration::from_secs(SKEW.as_secs().cast_signed());
    let age = now.duration_since(claim.at);
    if age < -skew {
        let limit = basic(now + skew);
        return Err(Refused::Expired(format!(
            "Signature not yet current: {} is still later than {limit} ({} + 5 min.)",
            claim.date,
            basic(now)
        )));
    }
    let life = claim.life.unwrap_or(SKEW).as_secs();
    if age > SignedDuration::from_secs(life.cast_signed()) {
        return Err(Refused::Expired(format!(
            "Signature expired: {} is now earlier than {} ({} - {life} s)",
            claim.date,
            basic(now - SignedDuration::from_secs(life.cast_signed())),
            basic(now)
        )));
    }
    Ok(())
}

/// A signature must cover the host and every header that AWS gives a meaning: what is not signed can be changed.
fn check_cover(message: &Message<'_>, claim: &Claim) -> Result<(), Refused> {
    let signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    let named = message.headers.keys().map(axum::http::HeaderName::as_str);
    let meaningful = named.filter(|name| name.starts_with("x-amz-"));
    for name in std::iter::once(HOST.as_str()).chain(meaningful) {
        if !signed(name) {
            return Err(Refused::Scope(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )));
        }
    }
    let lower = |name: &String| name.bytes().all(|letter| !letter.is_ascii_uppercase());
    let ascending = claim
        .signed_headers
        .windows(2)
        .all(|pair| pair[0] < pair[1]);
    if !ascending || !claim.signed_headers.iter().all(lower) {
        return Err(Refused::Scope(
            "'SignedHeaders' must be lower-case names in their order, each once.".to_owned(),
        ));
    }
    Ok(())
}
