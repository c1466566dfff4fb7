//! Where a target is, and where its calls may connect to: its base URL, `allow_networks` for addresses that are not public,
//! and `allow_plaintext` for plain HTTP over the internet. A URL that plainly names this very machine needs no permission.

use rampmeter_caller::{Auth, Preset, Profile, is_plaintext};
use url::Url;

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// A base URL: http or https, and nothing that belongs elsewhere.
pub(crate) fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    let reason = if !matches!(url.scheme(), "http" | "https") {
        "must begin with https:// or http://"
    } else if !url.username().is_empty() || url.password().is_some() {
        "must hold no user name or password; use `auth`"
    } else if url.query().is_some() || url.fragment().is_some() {
        "must hold no query and no fragment"
    } else {
        return Ok(url);
    };
    Err(reason.to_owned())
}

/// The vendor's objection to a base URL, if any.
pub(crate) fn check_base_url(
    reading: &Reading<'_>,
    section: &Section<'_>,
    preset: Preset,
    url: &Url,
) {
    if let Some(reason) = (preset.vendor().base_url)(url)
        && let Some(node) = section.get("base_url")
    {
        reading.note(
            Problem::new(Code::BadBaseUrl, format!("`base_url` {reason}"))
                .at(&node.span)
                .note(format!("the preset is that of {}", preset.vendor().title)),
        );
    }
}

/// Checks for an address in the file itself that no call may connect to.
pub(crate) fn check(reading: &Reading<'_>, section: &Section<'_>, profile: &Profile) {
    let token_url = match &profile.auth {
        Auth::OAuth2(oauth2) => Some(("auth", &oauth2.token_url)),
        _ => None,
    };
    for (key, url) in [Some(("base_url", &profile.base_url)), token_url]
        .into_iter()
        .flatten()
    {
        if rampmeter_caller::check_address(url, &profile.allow_networks).is_err()
            && let Some(node) = section.get(key)
        {
            let host = url.host_str().unwrap_or_default();
            reading.note(
                Problem::new(
                    Code::DeniedAddress,
                    format!("{host} is not a public address, and calls may not connect to it"),
                )
                .at(&node.span)
                .help("if it is meant, add its network to `allow_networks` of the target"),
            );
        }
        if !profile.allow_plaintext
            && is_plaintext(url, &profile.allow_networks)
            // If the vendor itself requires https, that has been reported.
            && (key == "auth" || (profile.preset.vendor().base_url)(url).is_none())
            && let Some(node) = section.get(key)
        {
            let what = match key {
                "auth" => "the address that gives tokens",
                _ => "`base_url`",
            };
            reading.note(
                Problem::new(
                    Code::BadBaseUrl,
                    format!("{what} begins with http://: all that is sent could be read on the way, credentials too"),
                )
                .at(&node.span)
                .help("write https://, or `allow_plaintext = true` in the target if it is meant"),
            );
        }
    }
}

/// Whether a URL plainly names this very machine. Whoever writes that means it; other spellings of the same address do
/// not count as permission.
pub(crate) fn is_plainly_local(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
        rest.strip_prefix(host)
            .is_some_and(|after| after.is_empty() || after.starts_with([':', '/']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_name_this_machine() {
        for text in [
            "http://localhost",
            "http://127.0.0.1:80/",
            "https://[::1]/a",
            "http://localhost:1",
        ] {
            assert!(is_plainly_local(text), "{text}");
        }
        for text in [
            "http://localhost.evil.test",
            "http://127.0.0.1.nip.io",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://127.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost@evil.test/",
            "http://localhost.",
            "localhost",
        ] {
            assert!(!is_plainly_local(text), "{text}");
        }
    }
}
