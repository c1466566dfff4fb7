//! Three hundred and more ways to make a call reach an address it must not: not one connects.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rampmeter_call::{Outcome, Repeatable, path};
use rampmeter_caller::{Caller, CallerError, Lookup, Network, Profile, is_public};
use url::Url;

use crate::vendor::{Act, Vendor, get};

/// Addresses that no call may reach: this machine, its networks, and where clouds keep credentials.
const DENIED: [[u8; 4]; 18] = [
    [127, 0, 0, 1],
    [127, 255, 255, 254],
    [0, 0, 0, 0],
    [10, 0, 0, 1],
    [100, 64, 0, 1],
    [100, 100, 100, 200],
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [172, 16, 0, 1],
    [172, 31, 255, 255],
    [192, 168, 0, 1],
    [192, 0, 0, 192],
    [198, 18, 0, 1],
    [203, 0, 113, 7],
    [168, 63, 129, 16],
    [224, 0, 0, 1],
    [240, 0, 0, 1],
    [255, 255, 255, 255],
];

/// The ways to write an IPv4 address in a URL.
fn spellings([a, b, c, d]: [u8; 4]) -> Vec<String> {
    let number = u32::from_be_bytes([a, b, c, d]);
    let low = u32::from_be_bytes([0, b, c, d]);
    let (ab, cd) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{number}"),
        format!("0x{number:x}"),
        format!("0X{number:X}"),
        format!("0{number:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.{b}.0x{c:x}.{d}"),
        format!("{a}.{low}"),
        format!("{a}.{b}.{}", u32::from(cd)),
        format!(
            "%3{}{}.{b}.{c}.{d}",
            a.to_string().as_bytes()[0] - b'0',
            &a.to_string()[1..]
        ),
        format!("{a}\u{3002}{b}\u{ff0e}{c}\u{ff61}{d}"),
        fullwidth(&format!("{a}.{b}.{c}.{d}")),
        format!("[::ffff:{a}.{b}.{c}.{d}]"),
        format!("[::ffff:{ab:x}:{cd:x}]"),
        format!("[0:0:0:0:0:ffff:{ab:04x}:{cd:04x}]"),
        format!("[::{a}.{b}.{c}.{d}]"),
        format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
        format!("[64:ff9b:1::{ab:x}:{cd:x}]"),
        format!("[2002:{ab:x}:{cd:x}::1]"),
        format!("[2001:0:{ab:x}:{cd:x}::1]"),
    ]
}

/// Digits and dots as their full-width twins, which the rules of host names fold.
fn fullwidth(text: &str) -> String {
    let twin = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    text.chars().map(twin).collect()
}

/// IPv6 addresses that no call may reach.
const DENIED_V6: [&str; 16] = [
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1]",
    "[fe80::a9fe:a9fe]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[4000::1]",
];

fn profile(url: Url) -> Profile {
    let mut profile = Profile::new("trick", url, Duration::from_secs(5));
    profile.allow_plaintext = true;
    profile
}

#[test]
fn no_spelling_of_a_denied_address_is_a_base_url() {
    let mut tried = 0;
    for host in DENIED
        .into_iter()
        .flat_map(spellings)
        .chain(DENIED_V6.map(str::to_owned))
    {
        tried += 1;
        // What is no URL at all leads nowhere either.
        let Ok(url) = Url::parse(&format!("http://{host}:8080/")) else {
            continue;
        };
        let error = Caller::new(profile(url)).map(|_| ()).unwrap_err();
        assert!(matches!(error, CallerError::Address(_)), "{host}: {error}");
    }
    assert!(tried > 300, "{tried}");
}

#[tokio::test]
async fn no_name_leads_to_a_denied_address() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    let port = vendor.address.port();
    let mut addresses: Vec<IpAddr> = DENIED.iter().map(|bytes| IpAddr::from(*bytes)).collect();
    for text in DENIED_V6 {
        addresses.push(text.trim_matches(['[', ']']).parse().unwrap());
    }
    for address in addresses {
        assert!(!is_public(address), "{address}");
        for name in [
            "localtest.me",
            "metadata.google.internal",
            "127.0.0.1.nip.io",
            "a.b.c.",
        ] {
            let lookup: Lookup = Arc::new(move |_| Ok(vec![address, address]));
            let url = Url::parse(&format!("http://{name}:{port}/")).unwrap();
            let caller = Caller::with_lookup(profile(url), lookup).unwrap();
            let outcome = caller.call(&get("/x")).await;
            let Outcome::Repeatable {
                reason: Repeatable::ConnectFailed(why),
                ..
            } = outcome
            else {
                panic!("{name} {address}: {outcome:?}")
            };
            assert!(why.contains("not a public address"), "{why}");
        }
    }
    assert_eq!(vendor.waiting(), 0);
}

#[tokio::test]
async fn this_machine_by_its_name_is_not_reached_unless_allowed() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    let url = Url::parse(&format!("http://localhost:{}/", vendor.address.port())).unwrap();
    let outcome = Caller::new(profile(url.clone()))
        .unwrap()
        .call(&get("/x"))
        .await;
    assert!(matches!(outcome, Outcome::Repeatable { .. }), "{outcome:?}");
    assert_eq!(vendor.waiting(), 0);
    let mut allowed = profile(url);
    allowed.allow_networks = Network::LOOPBACK.to_vec();
    let outcome = Caller::new(allowed).unwrap().call(&get("/x")).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_second_time_leads_nowhere() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let private = Ipv4Addr::new(10, 1, 1, 1);
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![IpAddr::V4(if first {
            Ipv4Addr::LOCALHOST
        } else {
            private
        })])
    });
    let url = Url::parse(&format!("http://rebind.test:{}/", vendor.address.port())).unwrap();
    let mut profile = profile(url);
    profile.allow_networks = Network::LOOPBACK.to_vec();
    let caller = Caller::with_lookup(profile, lookup).unwrap();
    assert!(matches!(caller.call(&get("/x")).await, Outcome::Success(_)));
    // The vendor closed the connection, so the next call looks the name up again.
    let outcome = caller.call(&get("/x")).await;
    assert!(
        matches!(&outcome, Outcome::Repeatable { reason: Repeatable::ConnectFailed(why), .. } if why.contains("10.1.1.1")),
        "{outcome:?}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn no_redirect_is_followed_wherever_it_points() {
    let inner = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    for status in [301, 302, 303, 307, 308] {
        for location in [
            format!("http://{}/", inner.address),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            "//127.0.0.1/".to_owned(),
            "file:///etc/passwd".to_owned(),
            "gopher://127.0.0.1:6379/_".to_owned(),
            "/same-host".to_owned(),
        ] {
            let head = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            );
            let vendor = Vendor::new(Act::Answer(head.into_bytes()));
            let outcome = vendor.caller().call(&get("/x")).await;
            assert!(
                matches!(&outcome, Outcome::Final { answer, .. } if answer.status == status),
                "{outcome:?}"
            );
            assert_eq!(vendor.waiting(), 1);
        }
    }
    assert_eq!(inner.waiting(), 0);
}

/// What a message may try to put where a path belongs.
const PATHS: [&str; 40] = [
    "http://127.0.0.1/",
    "//127.0.0.1/",
    "///127.0.0.1/",
    "/\\127.0.0.1/",
    "\\\\127.0.0.1\\",
    "@127.0.0.1/",
    ":80@127.0.0.1/",
    ".127.0.0.1/",
    "?@127.0.0.1/",
    "#@127.0.0.1/",
    "x",
    "",
    "/..",
    "/../",
    "/../../etc",
    "/a/../../b",
    "/./a",
    "/a/.",
    "/%2e%2e/",
    "/%2E%2E%2F",
    "/.%2e/",
    "/%252e%252e/",
    "/%25252e%25252e/",
    "/..%2f",
    "/..%5c",
    "/%5c%5c127.0.0.1",
    "/..;/",
    "/..;a=b/",
    "/%00",
    "/a\0b",
    "/a\r\nHost: 127.0.0.1",
    "/%0d%0aHost:%20a",
    "/a\tb",
    "/\u{ff0e}\u{ff0e}/",
    "/\u{2025}/",
    "/a#b",
    "/%",
    "/%zz",
    "/%c0%ae%c0%ae/",
    "/%2f127.0.0.1/",
];

/// And where an endpoint belongs, for an account at `https://vendor.test/base`.
const ENDPOINTS: [&str; 40] = [
    "http://vendor.test/base/x",
    "https://vendor.test.evil.test/base",
    "https://evil.test/base",
    "https://vendor.test:444/base/x",
    "https://vendor.test@evil.test/base",
    "https://evil.test#@vendor.test/base",
    "https://evil.test?@vendor.test/base",
    "https://user@vendor.test/base/x",
    "https://user:pw@vendor.test/base/x",
    "https://vendor.test/",
    "https://vendor.test/basement",
    "https://vendor.test/base/../x",
    "https://vendor.test/base/%2e%2e/x",
    "https://vendor.test/base/..%2fx",
    "https://vendor.test/Base/x",
    "https://vendor.test\\@evil.test/base",
    "https:\\\\evil.test\\base",
    "https:/evil.test/base",
    "https:evil.test/base",
    "//vendor.test/base/x",
    "/base/x",
    "file:///base",
    "gopher://vendor.test/base",
    "ftp://vendor.test/base",
    "data:text/plain,base",
    "javascript:base",
    "https://127.0.0.1/base",
    "https://[::1]/base",
    "https://2130706433/base",
    "https://vendor.test./base/x",
    "https://vendor%2etest.evil.test/base",
    "https://vendor.test%00.evil.test/base",
    "https://vendor.test\t.evil.test/base",
    "https://vendor.test/base#x",
    "https://vendor.test/base\\..\\x",
    "https://vendor.test/base//evil.test",
    "https://vendor.test/base/./x",
    "https://xn--vendor-.test/base",
    "https://vendor.test:0/base",
    "https://vendor.test:99999/base",
];

#[test]
fn no_path_and_no_endpoint_of_a_message_leaves_the_account() {
    let base = Url::parse("https://vendor.test/base").unwrap();
    for trick in PATHS {
        // What is let through, if anything is, stays where it belongs.
        if let Ok(url) = path::resolve(&base, trick) {
            panic!("{trick:?} leads to {url}");
        }
    }
    for trick in ENDPOINTS {
        if let Ok(below) = path::relative(&base, trick) {
            panic!("{trick:?} leads to {below}");
        }
    }
}
