//! The dashboard: the pages that people look at, in `crates/admin/dashboard/`, built into the binary. They are plain
//! HTML, CSS and JavaScript modules and ask this server for everything else, on the `/v1` paths of `crate::routes`.
//!
//! Nothing is loaded from anywhere else, and no script or style stands in a page: the policy below forbids both, so
//! that a text from outside that got into a page could not run as script.

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use sha2::{Digest, Sha256};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The paths at which the page is served; the page decides which of its views it shows.
const PAGES: [&str; 9] = [
    "/",
    "/targets/{target}",
    "/executions",
    "/executions/{execution}",
    "/calls",
    "/calls/{call}",
    "/dead-letters",
    "/changes",
    "/connect",
];

/// One file of the dashboard.
#[derive(Debug, Clone, Copy)]
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($name:literal: $kind:ident),* $(,)?) => {
        [$(Asset {
            name: $name,
            kind: $kind,
            text: include_str!(concat!("../dashboard/", $name)),
        }),*]
    };
}

const PAGE: Asset = Asset {
    name: "index.html",
    kind: HTML,
    text: include_str!("../dashboard/index.html"),
};

const ASSETS: [Asset; 21] = assets! {
    "style.css": CSS,
    "icon.svg": SVG,
    "main.js": SCRIPT,
    "server.js": SCRIPT,
    "element.js": SCRIPT,
    "format.js": SCRIPT,
    "dialog.js": SCRIPT,
    "chart.js": SCRIPT,
    "limit.js": SCRIPT,
    "status.js": SCRIPT,
    "overview.js": SCRIPT,
    "target.js": SCRIPT,
    "executions.js": SCRIPT,
    "execution.js": SCRIPT,
    "timeline.js": SCRIPT,
    "graph.js": SCRIPT,
    "calls.js": SCRIPT,
    "dead_letters.js": SCRIPT,
    "changes.js": SCRIPT,
    "connect.js": SCRIPT,
    "login.js": SCRIPT,
};

/// The pages and their files.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let mut router = Router::new();
    for path in PAGES {
        router = router.route(path, get(async |headers: HeaderMap| served(PAGE, &headers)));
    }
    for asset in ASSETS {
        let path = format!("/assets/{}", asset.name);
        router = router.route(
            &path,
            get(async move |headers: HeaderMap| served(asset, &headers)),
        );
    }
    router
}

/// The file, or 304 if the client already has it: a browser asks each time, and gets the file again when the binary has
/// changed.
fn served(asset: Asset, headers: &HeaderMap) -> Response {
    let digest = Sha256::digest(asset.text.as_bytes());
    let tag = format!("\"{}\"", hex(&digest[..8]));
    let known = headers.get(IF_NONE_MATCH);
    let known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = Response::new(if known {
        Body::empty()
    } else {
        Body::from(asset.text)
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, asset.kind),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn source() -> impl Iterator<Item = String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard");
        let files = std::fs::read_dir(directory).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap())
    }

    #[test]
    fn every_file_of_the_dashboard_is_in_the_binary() {
        let mut served: BTreeSet<&str> = ASSETS.iter().map(|asset| asset.name).collect();
        served.insert(PAGE.name);
        let there: BTreeSet<String> = source().collect();
        assert_eq!(served, there.iter().map(String::as_str).collect());
    }

    #[test]
    fn the_dashboard_is_small() {
        let length: usize = ASSETS.iter().map(|asset| asset.text.len()).sum();
        assert!(length < 150_000, "{length} bytes");
    }

    #[test]
    fn every_file_that_a_script_imports_is_served() {
        let names: BTreeSet<&str> = ASSETS.iter().map(|asset| asset.name).collect();
        for asset in ASSETS.iter().filter(|asset| asset.kind == SCRIPT) {
            for line in asset
                .text
                .lines()
                .filter(|line| line.starts_with("import "))
            {
                let from = line.rsplit('"').nth(1).unwrap_or_default();
                let name = from.strip_prefix("./").unwrap_or_default();
                assert!(names.contains(name), "{}: {line}", asset.name);
            }
        }
    }

    #[test]
    fn no_text_is_made_into_markup() {
        for asset in ASSETS.iter().chain([&PAGE]) {
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!asset.text.contains(word), "{}: {word}", asset.name);
            }
        }
        assert!(!PAGE.text.contains("style="));
    }

    #[test]
    fn a_file_that_the_client_has_is_not_sent_again() {
        let first = served(PAGE, &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, first.headers()[ETAG].clone());
        assert_eq!(served(PAGE, &headers).status(), StatusCode::NOT_MODIFIED);
    }
}
