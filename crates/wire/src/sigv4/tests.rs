//! Signatures compared with those that AWS published and those of botocore's own signer, and requests of which a signed
//! part has been changed.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;

use super::{Claim, Expected, Message, Refused, Signer, check};

/// One request, owned.
#[derive(Debug, Clone, Deserialize)]
struct Sample {
    #[serde(default)]
    name: String,
    service: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Sample {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
            );
        }
        headers
    }

    fn check(&self, secret: &str, region: &str, now: Timestamp) -> Result<String, Refused> {
        let headers = self.headers();
        let message = Message {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: self.body.as_bytes(),
        };
        let claim = Claim::read(&message)?;
        let expected = Expected {
            region,
            service: &self.service,
            now,
        };
        check(&message, &claim, secret, &expected)?;
        Ok(claim.access_key_id)
    }

    fn header_mut(&mut self, name: &str) -> Option<&mut String> {
        let found = self.headers.iter_mut().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }
}

/// What `testing/sigv4/sign.py` wrote.
#[derive(Debug, Clone, Deserialize)]
struct Signed {
    access_key_id: String,
    secret: String,
    region: String,
    #[serde(deserialize_with = "timestamp")]
    now: Timestamp,
    requests: Vec<Sample>,
}

fn timestamp<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

impl Signed {
    fn by_botocore() -> Signed {
        let text = include_str!("../../../../testing/sigv4/botocore.json");
        serde_json::from_str(text).expect("the file is ours")
    }

    fn check(&self, sample: &Sample) -> Result<String, Refused> {
        // As the server does, which looks up the secret by the key.
        match sample.check(&self.secret, &self.region, self.now) {
            Ok(key) if key != self.access_key_id => Err(Refused::UnknownKey),
            checked => checked,
        }
    }
}

/// A published request: method, query, service, host, content type, body, signature.
type Published = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// The requests that AWS publishes with their signatures: key AKIDEXAMPLE, 30 August 2015, 12:36 UTC, us-east-1. From the
/// Signature Version 4 test suite, and the worked example of the documentation (the last one).
const PUBLISHED: &[Published] = &[
    (
        "GET",
        "",
        "service",
        HOST,
        "",
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "Param2=value2&Param1=value1",
        "service",
        HOST,
        "",
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "POST",
        "",
        "service",
        HOST,
        "",
        "",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    (
        "POST",
        "",
        "service",
        HOST,
        FORM,
        "Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    (
        "GET",
        "Action=ListUsers&Version=2010-05-08",
        "iam",
        "iam.amazonaws.com",
        "application/x-www-form-urlencoded; charset=utf-8",
        "",
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    ),
];

const FORM: &str = "application/x-www-form-urlencoded";
const HOST: &str = "example.amazonaws.com";

#[test]
fn the_signatures_that_aws_published_are_right() {
    let now: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
    for &(method, query, service, host, kind, body, signature) in PUBLISHED {
        let covered = if kind.is_empty() {
            "host;x-amz-date"
        } else {
            "content-type;host;x-amz-date"
        };
        let mut headers = vec![
            ("host".to_owned(), host.to_owned()),
            ("x-amz-date".to_owned(), "20150830T123600Z".to_owned()),
            (
                "authorization".to_owned(),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, SignedHeaders={covered}, Signature={signature}"
                ),
            ),
        ];
        if !kind.is_empty() {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let sample = Sample {
            name: String::new(),
            service: service.to_owned(),
            method: method.to_owned(),
            path: "/".to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned(),
        };
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            sample.check(secret, "us-east-1", now).as_deref(),
            Ok("AKIDEXAMPLE"),
            "{signature}"
        );
    }
}

/// The signing key of the documentation's worked example.
#[test]
fn the_signing_key_that_aws_published_is_right() {
    let scope = super::Scope {
        date: "20150830".to_owned(),
        region: "us-east-1".to_owned(),
        service: "iam".to_owned(),
        terminator: "aws4_request".to_owned(),
    };
    let key = super::key::signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope);
    assert_eq!(
        super::key::hexadecimal(&key),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
}

#[test]
fn what_botocore_signs_is_accepted() {
    let signed = Signed::by_botocore();
    assert!(signed.requests.len() > 10);
    for sample in &signed.requests {
        assert_eq!(
            signed.check(sample).as_ref(),
            Ok(&signed.access_key_id),
            "{}",
            sample.name
        );
    }
}

#[test]
fn a_request_of_which_a_signed_part_has_changed_is_refused() {
    let signed = Signed::by_botocore();
    for original in &signed.requests {
        let name = &original.name;
        let mut changes: Vec<(String, Sample)> = Vec::new();
        let mut change = |what: &str, apply: &dyn Fn(&mut Sample)| {
            let mut changed = original.clone();
            apply(&mut changed);
            changes.push((what.to_owned(), changed));
        };
        change("method", &|sample| sample.method = "PUT".to_owned());
        change("path", &|sample| sample.path += "x");
        change("query", &|sample| sample.query += "&Extra=1");
        change("body", &|sample| sample.body += " ");
        change("unsigned target", &|sample| {
            sample
                .headers
                .push(("x-amz-target".into(), "AmazonSQS.PurgeQueue".into()));
        });
        change("unsigned amz header", &|sample| {
            sample.headers.push(("x-amz-extra".into(), "1".into()));
        });
        for index in 0..original.headers.len() {
            let header = original.headers[index].0.clone();
            change(&header, &|sample| sample.headers[index].1 += "x");
            if header != "authorization" {
                change(&format!("without {header}"), &|sample| {
                    sample.headers.remove(index);
                });
                change(&format!("{header} twice"), &|sample| {
                    let again = sample.headers[index].clone();
                    sample.headers.push(again);
                });
            }
        }
        if let Some((first, rest)) = original.query.split_once('&') {
            let first = first.to_owned();
            let (swapped, dropped) = (format!("{rest}&{first}x"), rest.to_owned());
            change("parameter changed", &|sample| {
                sample.query.clone_from(&swapped);
            });
            change("parameter dropped", &|sample| {
                sample.query.clone_from(&dropped);
            });
        }
        for (what, changed) in changes {
            assert!(signed.check(&changed).is_err(), "{name}: {what}");
        }
        let other = original.check("another secret", &signed.region, signed.now);
        assert_eq!(other, Err(Refused::Mismatch), "{name}");
    }
}

#[test]
fn another_scope_is_refused_with_the_part_that_is_wrong() {
    let signed = Signed::by_botocore();
    let sample = &signed.requests[0];
    for (from, to, told) in [
        ("/20260301/", "/20260302/", "Date in Credential scope"),
        ("/eu-west-1/", "/us-east-1/", "valid region"),
        ("/sqs/", "/sns/", "correct service"),
        ("/aws4_request", "/aws5_request", "valid terminator"),
    ] {
        let mut changed = sample.clone();
        let header = changed.header_mut("authorization").unwrap();
        *header = header.replace(from, to);
        match signed.check(&changed) {
            Err(Refused::Scope(why)) => assert!(why.contains(told), "{why}"),
            other => panic!("{to}: {other:?}"),
        }
    }
}

#[test]
fn a_signature_is_good_for_five_minutes_before_and_after() {
    let signed = Signed::by_botocore();
    let sample = &signed.requests[0];
    let at = |seconds: i64| {
        let now = signed.now + jiff::SignedDuration::from_secs(seconds);
        sample.check(&signed.secret, &signed.region, now)
    };
    assert!(at(300).is_ok() && at(-300).is_ok());
    for seconds in [301, -301, 86_400, -86_400] {
        assert!(matches!(at(seconds), Err(Refused::Expired(_))), "{seconds}");
    }
}

#[test]
fn a_presigned_url_is_good_for_as_long_as_it_says() {
    let signed = Signed::by_botocore();
    let sample = signed
        .requests
        .iter()
        .find(|one| one.name == "presigned")
        .unwrap();
    assert!(
        sample.query.contains("X-Amz-Expires=3600"),
        "{}",
        sample.query
    );
    let at = |seconds: i64| {
        let now = signed.now + jiff::SignedDuration::from_secs(seconds);
        sample.check(&signed.secret, &signed.region, now)
    };
    assert!(at(3_600).is_ok());
    assert!(matches!(at(3_601), Err(Refused::Expired(_))));
    let mut longer = sample.clone();
    longer.query = longer
        .query
        .replace("X-Amz-Expires=3600", "X-Amz-Expires=604801");
    assert!(matches!(signed.check(&longer), Err(Refused::Incomplete(_))));
    longer.query = sample
        .query
        .replace("X-Amz-Expires=3600", "X-Amz-Expires=7200");
    assert_eq!(signed.check(&longer), Err(Refused::Mismatch));
}

#[test]
fn a_claim_that_cannot_be_read_says_what_is_wanting() {
    let signed = Signed::by_botocore();
    let with = |value: &str| {
        let mut changed = signed.requests[0].clone();
        value.clone_into(changed.header_mut("authorization").unwrap());
        signed.check(&changed)
    };
    for (value, told) in [
        ("", "algorithm"),
        ("Bearer x", "algorithm"),
        ("AWS4-HMAC-SHA256", "no name=value pair"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "'Signature'"),
        (
            "AWS4-HMAC-SHA256 Signature=0, SignedHeaders=host",
            "'Credential'",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b, Signature=0, SignedHeaders=host",
            "5 slash-delimited",
        ),
        ("AWS4-HMAC-SHA256 Credential=a, Credential=b", "twice"),
        ("AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d/e", "algorithm"),
    ] {
        match with(value) {
            Err(Refused::Incomplete(why)) => assert!(why.contains(told), "{value}: {why}"),
            other => panic!("{value}: {other:?}"),
        }
    }
    let mut none = signed.requests[0].clone();
    none.headers.retain(|(name, _)| name != "authorization");
    assert_eq!(signed.check(&none), Err(Refused::Missing));
}

#[test]
fn what_the_command_line_signs_is_accepted() {
    let signed = Signed::by_botocore();
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost:4566"));
    headers.insert(
        "x-amz-target",
        HeaderValue::from_static("AWSStepFunctions.ListStateMachines"),
    );
    let signer = Signer::new(&signed.access_key_id, &signed.secret, &signed.region);
    signer.sign("POST", "/", &mut headers, b"{}", "states", signed.now);
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let sample = Sample {
        name: String::new(),
        service: "states".to_owned(),
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: "{}".to_owned(),
    };
    assert!(signed.check(&sample).is_ok());
}

/// What a part of a request means to whoever reads it: the parameters of a query, whatever their escapes and their
/// order; a path without dot segments; a header without superfluous white space.
fn meaning(part: u8, text: &str) -> Vec<(String, String)> {
    let alone = |text: String| vec![(text, String::new())];
    match part {
        0 => alone(text.to_owned()),
        1 => {
            let mut pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect();
            pairs.sort();
            pairs
        }
        2 => {
            let path = url::Url::parse("http://h/").and_then(|base| base.join(text));
            alone(path.map_or_else(|_| text.to_owned(), |url| url.path().replace("//", "/")))
        }
        _ => alone(text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

proptest! {
    /// Flips one bit of a signed request and expects it to be refused, unless the change has no meaning.
    #[test]
    fn no_altered_request_is_accepted(which in any::<usize>(), place in any::<usize>(), bit in 0u8..7, part in 0u8..4) {
        let signed = Signed::by_botocore();
        let mut sample = signed.requests[which % signed.requests.len()].clone();
        let text = match part {
            0 => &mut sample.body,
            1 => &mut sample.query,
            2 => &mut sample.path,
            _ => {
                let index = place % sample.headers.len();
                &mut sample.headers[index].1
            }
        };
        let mut bytes = text.clone().into_bytes();
        if bytes.is_empty() {
            return Ok(());
        }
        let index = place % bytes.len();
        bytes[index] ^= 1 << bit;
        let Ok(changed) = String::from_utf8(bytes) else {
            return Ok(());
        };
        let sendable = part != 3 || HeaderValue::from_str(&changed).is_ok();
        if !sendable || meaning(part, text) == meaning(part, &changed) {
            return Ok(());
        }
        *text = changed;
        prop_assert!(signed.check(&sample).is_err(), "{sample:?}");
    }

    /// Whatever is in the header or the URL, reading it ends with a result.
    #[test]
    fn no_claim_makes_the_reader_panic(header in "[ -~]{0,200}", query in "[!-~]{0,200}", date in "[ -~]{0,40}") {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        for (name, value) in [("authorization", &header), ("x-amz-date", &date)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        let message = Message { method: "GET", path: &query, query: &query, headers: &headers, body: b"" };
        if let Ok(claim) = Claim::read(&message) {
            let expected = Expected { region: "r", service: "s", now: Timestamp::UNIX_EPOCH };
            prop_assert!(check(&message, &claim, "secret", &expected).is_err());
        }
    }
}
