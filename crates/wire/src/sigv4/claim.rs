//! What a signed request claims: who signed it, for which scope, when, and over which headers. In the Authorization
//! header or in the parameters of a presigned URL. None of it is trusted before `check`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, DATE};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;

use super::{ALGORITHM, Message, Refused, Scope};

/// The header of temporary credentials.
pub(crate) const SECURITY_TOKEN: &str = "x-amz-security-token";

const AMZ_DATE: &str = "x-amz-date";

/// Longest life of a presigned URL, as on AWS: a week.
const MAX_LIFE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// What a request says of its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The credential.
    pub(crate) access_key_id: String,
    /// The scope of the signature.
    pub(crate) scope: Scope,
    /// When it was signed, as it was written.
    pub(super) date: String,
    /// The same as a time.
    pub(super) at: Timestamp,
    /// How long a presigned URL is good.
    pub(super) life: Option<Duration>,
    /// The headers that were signed.
    pub(super) signed_headers: Vec<String>,
    /// The signature, in hexadecimal digits.
    pub(super) signature: String,
}

impl Claim {
    /// Reads the claim of a request.
    ///
    /// # Errors
    /// `Missing` when it makes none, `Incomplete` when it cannot be read.
    pub(crate) fn read(message: &Message<'_>) -> Result<Claim, Refused> {
        let mut headers = message.headers.get_all(AUTHORIZATION).iter();
        let parameters = parameters(message.query);
        let presigned = parameters.contains_key("X-Amz-Algorithm")
            || parameters.contains_key("X-Amz-Signature")
            || parameters.contains_key("X-Amz-Credential");
        match (headers.next(), headers.next(), presigned) {
            (Some(_), Some(_), _) => Err(incomplete("Authorization header is there twice.")),
            (Some(_), None, true) => Err(incomplete(
                "Only one of the Authorization header and X-Amz-Signature may be there.",
            )),
            (Some(header), None, false) => {
                let text = header
                    .to_str()
                    .map_err(|_| incomplete("Authorization header is not text."))?;
                Claim::of_header(text, message.headers)
            }
            (None, _, true) => Claim::of_parameters(&parameters),
            (None, _, false) => Err(Refused::Missing),
        }
    }

    fn of_header(text: &str, headers: &HeaderMap) -> Result<Claim, Refused> {
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(unsupported(algorithm));
        }
        let mut parts = BTreeMap::new();
        for part in rest.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or_else(|| {
                incomplete("Authorization header holds a part that is no name=value pair.")
            })?;
            if parts.insert(name, value).is_some() {
                return Err(incomplete("Authorization header holds a part twice."));
            }
        }
        let date = one_header(headers, AMZ_DATE)?.or(one_header(headers, DATE.as_str())?);
        let mut wanting = String::new();
        for name in ["Credential", "Signature", "SignedHeaders"] {
            if !parts.contains_key(name) {
                wanting += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if date.is_none() {
            wanting += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        }
        let (Some(date), true) = (date, wanting.is_empty()) else {
            return Err(incomplete(wanting.trim_end()));
        };
        Claim::new(
            parts["Credential"],
            &date,
            None,
            parts["SignedHeaders"],
            parts["Signature"],
        )
    }

    fn of_parameters(parameters: &BTreeMap<String, Option<String>>) -> Result<Claim, Refused> {
        let get = |name: &str| match parameters.get(name) {
            Some(Some(value)) => Ok(value.as_str()),
            Some(None) => Err(incomplete(&format!("'{name}' is there twice."))),
            None => Err(incomplete(&format!(
                "AWS query-string parameters must include '{name}'."
            ))),
        };
        let algorithm = get("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            return Err(unsupported(algorithm));
        }
        let life: u64 = get("X-Amz-Expires")?
            .parse()
            .ok()
            .filter(|life| (1..=MAX_LIFE_SECONDS).contains(life))
            .ok_or_else(|| incomplete("X-Amz-Expires must be from 1 to 604800 seconds."))?;
        if parameters.contains_key("X-Amz-Security-Token") {
            return Err(Refused::UnknownKey);
        }
        Claim::new(
            get("X-Amz-Credential")?,
            get("X-Amz-Date")?,
            Some(Duration::from_secs(life)),
            get("X-Amz-SignedHeaders")?,
            get("X-Amz-Signature")?,
        )
    }

    fn new(
        credential: &str,
        date: &str,
        life: Option<Duration>,
        signed_headers: &str,
        signature: &str,
    ) -> Result<Claim, Refused> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [key, day, region, service, terminator] = parts.as_slice() else {
            let credential = shown(credential);
            return Err(incomplete(&format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'."
            )));
        };
        let (at, date) = time(date).ok_or_else(|| {
            let date = shown(date);
            incomplete(&format!(
                "Date must be in ISO-8601 'basic format'. Got '{date}'. See https://en.wikipedia.org/wiki/ISO_8601"
            ))
        })?;
        Ok(Claim {
            access_key_id: (*key).to_owned(),
            scope: Scope {
                date: (*day).to_owned(),
                region: (*region).to_owned(),
                service: (*service).to_owned(),
                terminator: (*terminator).to_owned(),
            },
            date,
            at,
            life,
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
        })
    }
}

/// A time as `YYYYMMDDTHHMMSSZ`, the form that is signed, from that form or from the form of the Date header.
fn time(text: &str) -> Option<(Timestamp, String)> {
    const BASIC: &str = "%Y%m%dT%H%M%SZ";
    if text.len() == "20150830T123600Z".len()
        && let Ok(time) = DateTime::strptime(BASIC, text)
    {
        let at = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
        return Some((at, text.to_owned()));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some((at, at.strftime(BASIC).to_string()))
}

fn one_header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refused> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(incomplete(&format!("'{name}' header is there twice.")));
    }
    Ok(first
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned))
}

/// The parameters of a URL; `None` for one that is repeated.
fn parameters(query: &str) -> BTreeMap<String, Option<String>> {
    let decoded = |text: &str| {
        let spaces = text.replace('+', " ");
        percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
    };
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters
            .entry(decoded(name))
            .and_modify(|value| *value = None)
            .or_insert_with(|| Some(decoded(value)));
    }
    parameters
}

fn unsupported(algorithm: &str) -> Refused {
    incomplete(&format!(
        "Unsupported AWS 'algorithm': '{}'.",
        shown(algorithm)
    ))
}

fn incomplete(why: &str) -> Refused {
    Refused::Incomplete(why.to_owned())
}

/// A client's text, made fit for an error message.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(100)
        .collect()
}
