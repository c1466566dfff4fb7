//! Paths that try to leave their target, and paths that must not be refused.

use proptest::prelude::*;

use super::PathError::{
    Backslash, BadEncoding, Control, DotSegment, Fragment, NamesHost, NotAbsolute,
};
use super::*;

fn base() -> Url {
    Url::parse("https://vendor.test/api/v1/").unwrap()
}

#[test]
fn a_path_continues_the_base_url() {
    let cases = [
        ("/", "https://vendor.test/api/v1/"),
        ("/orders", "https://vendor.test/api/v1/orders"),
        ("/orders/", "https://vendor.test/api/v1/orders/"),
        (
            "/orders?a=1&b=2",
            "https://vendor.test/api/v1/orders?a=1&b=2",
        ),
        (
            "/q?next=../../x",
            "https://vendor.test/api/v1/q?next=../../x",
        ),
        (
            "/q?to=https://evil.test//",
            "https://vendor.test/api/v1/q?to=https://evil.test//",
        ),
        ("/a//b", "https://vendor.test/api/v1/a//b"),
        ("/eid:A%2F1", "https://vendor.test/api/v1/eid:A%2F1"),
        ("/with blank", "https://vendor.test/api/v1/with%20blank"),
        ("/ümlaut", "https://vendor.test/api/v1/%C3%BCmlaut"),
        ("/100%25", "https://vendor.test/api/v1/100%25"),
        ("/a@b:c", "https://vendor.test/api/v1/a@b:c"),
        ("/@evil.test", "https://vendor.test/api/v1/@evil.test"),
        ("/:8080", "https://vendor.test/api/v1/:8080"),
        ("/...", "https://vendor.test/api/v1/..."),
        ("/.hidden", "https://vendor.test/api/v1/.hidden"),
        ("/a..b", "https://vendor.test/api/v1/a..b"),
        ("/Set(key='1')", "https://vendor.test/api/v1/Set(key='1')"),
        ("/a;v=1", "https://vendor.test/api/v1/a;v=1"),
    ];
    for (path, url) in cases {
        assert_eq!(
            resolve(&base(), path).map(String::from),
            Ok(url.to_owned()),
            "{path}"
        );
    }
}

#[test]
fn a_path_below_a_bare_host_needs_no_base_path() {
    for base in ["https://vendor.test", "https://vendor.test/"] {
        let url = resolve(&Url::parse(base).unwrap(), "/x").unwrap();
        assert_eq!(url.as_str(), "https://vendor.test/x");
    }
}

/// Ways to leave a target that clients, proxies and servers have fallen for.
const TRICKS: &[(&str, PathError)] = &[
    ("", NotAbsolute),
    ("orders", NotAbsolute),
    ("?a=1", NotAbsolute),
    ("#a", NotAbsolute),
    (" /orders", NotAbsolute),
    ("\t/orders", NotAbsolute),
    ("\u{feff}/orders", NotAbsolute),
    (".", NotAbsolute),
    ("..", NotAbsolute),
    ("../admin", NotAbsolute),
    ("./admin", NotAbsolute),
    ("@evil.test", NotAbsolute),
    (".evil.test", NotAbsolute),
    (":80/", NotAbsolute),
    ("https://evil.test/", NotAbsolute),
    ("HTTPS:/evil.test", NotAbsolute),
    ("https:evil.test", NotAbsolute),
    ("javascript:alert(1)", NotAbsolute),
    ("file:///etc/passwd", NotAbsolute),
    ("\\\\evil.test\\x", NotAbsolute),
    ("%2Fadmin", NotAbsolute),
    ("//evil.test", NamesHost),
    ("//evil.test/api/v1/", NamesHost),
    ("///evil.test", NamesHost),
    ("//user:pass@evil.test", NamesHost),
    ("//[::1]/", NamesHost),
    ("/%2fevil.test", NamesHost),
    ("/%2Fevil.test", NamesHost),
    ("/%252fevil.test", NamesHost),
    ("/\\evil.test", Backslash),
    ("/x\\..\\..\\admin", Backslash),
    ("/%5cevil.test", Backslash),
    ("/%5C%5Cevil.test", Backslash),
    ("/%255cevil.test", Backslash),
    ("/..%5c..%5cadmin", Backslash),
    ("/..", DotSegment),
    ("/.", DotSegment),
    ("/../", DotSegment),
    ("/./", DotSegment),
    ("/../../admin", DotSegment),
    ("/orders/..", DotSegment),
    ("/orders/../../../admin", DotSegment),
    ("/orders/./x", DotSegment),
    ("/..?a=1", DotSegment),
    ("/%2e%2e/admin", DotSegment),
    ("/%2E%2E/admin", DotSegment),
    ("/.%2e/admin", DotSegment),
    ("/%2e./admin", DotSegment),
    ("/%2e/admin", DotSegment),
    ("/%2e%2e%2fadmin", DotSegment),
    ("/..%2fadmin", DotSegment),
    ("/..%2F..%2Fadmin", DotSegment),
    ("/x%2f..%2f..%2f..%2fadmin", DotSegment),
    ("/%252e%252e/admin", DotSegment),
    ("/%252e%252e%252fadmin", DotSegment),
    ("/%25252e%25252e/admin", DotSegment),
    ("/..;/admin", DotSegment),
    ("/..;a=b/admin", DotSegment),
    ("/..%3b/admin", DotSegment),
    ("/%2e%2e;/admin", DotSegment),
    ("/.. /admin", DotSegment),
    ("/ ../admin", DotSegment),
    ("/..%20/admin", DotSegment),
    ("/\u{ff0e}\u{ff0e}/admin", DotSegment),
    ("/%ef%bc%8e%ef%bc%8e/admin", DotSegment),
    ("/.\u{ff0e}/admin", DotSegment),
    ("/\u{2025}/admin", DotSegment),
    ("/%2525252525252e/admin", BadEncoding),
    ("/%c0%ae%c0%ae/admin", BadEncoding),
    ("/%c0%af", BadEncoding),
    ("/%ff", BadEncoding),
    ("/%u002e%u002e/admin", BadEncoding),
    ("/%", BadEncoding),
    ("/%2", BadEncoding),
    ("/%zz", BadEncoding),
    ("/%2/..", BadEncoding),
    ("/100%", BadEncoding),
    ("/%é0", BadEncoding),
    ("/x#", Fragment),
    ("/x#/../..", Fragment),
    ("/x?a=1#b", Fragment),
    ("/x\r\nHost: evil.test", Control),
    ("/x\n", Control),
    ("/x\ty", Control),
    ("/.\t./admin", Control),
    ("/\t/evil.test", Control),
    ("/x\0", Control),
    ("/%00", Control),
    ("/x%0d%0aHost:%20evil.test", Control),
    ("/x%09", Control),
    ("/%2500", Control),
    ("/x?a\r\nb", Control),
    ("/\u{85}", Control),
    ("/\u{7f}", Control),
];

#[test]
fn no_spelling_leaves_the_target() {
    for (path, expected) in TRICKS {
        assert_eq!(resolve(&base(), path), Err(*expected), "{path:?}");
    }
}

#[test]
fn a_path_has_a_longest_length() {
    let longest = format!("/{}", "x".repeat(MAX_PATH_BYTES - 1));
    assert!(resolve(&base(), &longest).is_ok());
    assert_eq!(
        resolve(&base(), &format!("{longest}x")),
        Err(PathError::TooLong)
    );
}

#[test]
fn an_endpoint_below_the_base_url_is_taken_as_its_path() {
    let cases = [
        ("https://vendor.test/api/v1/orders", "/orders"),
        ("https://vendor.test:443/api/v1/orders?a=1", "/orders?a=1"),
        ("HTTPS://VENDOR.TEST/api/v1/orders", "/orders"),
        ("https://vendor.test/api/v1/", "/"),
    ];
    for (endpoint, path) in cases {
        assert_eq!(
            relative(&base(), endpoint).as_deref(),
            Ok(path),
            "{endpoint}"
        );
    }
    let bare = Url::parse("https://vendor.test").unwrap();
    assert_eq!(relative(&bare, "https://vendor.test").as_deref(), Ok("/"));
    assert_eq!(
        relative(&bare, "https://vendor.test?a=1").as_deref(),
        Ok("/?a=1")
    );
}

#[test]
fn an_endpoint_elsewhere_is_refused() {
    let elsewhere = [
        "",
        "/orders",
        "http://vendor.test/api/v1/orders",
        "https://evil.test/api/v1/orders",
        "https://vendor.test.evil.test/api/v1/orders",
        "https://vendor.test@evil.test/api/v1/orders",
        "https://evil.test#@vendor.test/api/v1/orders",
        "https://user@vendor.test/api/v1/orders",
        "https://user:pass@vendor.test/api/v1/orders",
        "https://vendor.test:444/api/v1/orders",
        "https://vendor.test/api/v2/orders",
        "https://vendor.test/api/v10/orders",
        "https://vendor.test/",
        "https:vendor.test/api/v1/orders",
        "https:/vendor.test/api/v1/orders",
        "https:///vendor.test/api/v1/orders",
        "https:\\\\vendor.test\\api\\v1\\orders",
        "https://vendor.test\\@evil.test/api/v1/orders",
        "https://vendor.test/api/v1/../v2/orders",
        "https://vendor.test/api/v1/%2e%2e/v2",
        " https://vendor.test/api/v1/orders ",
        "https://vendor.test/api/v1/x#y",
        "https://vendor.test./api/v1/orders",
    ];
    for endpoint in elsewhere {
        assert_eq!(
            relative(&base(), endpoint),
            Err(PathError::AnotherHost),
            "{endpoint}"
        );
    }
    assert_eq!(
        relative(&base(), "https://vendor.test/api/v1/./x"),
        Err(PathError::DotSegment)
    );
    assert_eq!(
        relative(&base(), "https://vendor.test/api/v1/x/../y"),
        Err(PathError::DotSegment)
    );
}

proptest! {
    #[test]
    fn whatever_is_accepted_stays_below_the_base_url(path in "/[./%\\\\a-f0-9;?#@: 2e\u{ff0e}]{0,24}") {
        if let Ok(url) = resolve(&base(), &path) {
            prop_assert_eq!(url.origin(), base().origin());
            prop_assert!(url.path().starts_with("/api/v1/"), "{}", url);
            prop_assert!(!url.path().split('/').any(|segment| segment == ".."), "{}", url);
            // Reading the result again changes nothing: there was nothing to normalise.
            prop_assert_eq!(Url::parse(url.as_str()).unwrap(), url);
        }
    }

    #[test]
    fn no_text_makes_it_panic(path in any::<String>()) {
        let _ = resolve(&base(), &path);
        let _ = relative(&base(), &path);
    }
}
