//! What a target says otherwise than its preset: the meaning of answers, how a call is named, the session against
//! cross-site request forgery, the question after a lost answer, and where calls may connect to.

use std::borrow::Cow;
use std::time::Duration;

use rampmeter_caller::preset::{Idempotency, Signal};
use rampmeter_caller::reconcile::{Found, Template};
use rampmeter_caller::{Network, Preset, Throttle, classify::Meaning, header};

use crate::code::Code;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::section::Section;
use crate::target::OnUnknown;
use crate::tree::{Node, Value};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `[[targets.X.signals]]`: what answers mean, in the order of the file.
pub(crate) fn signals(reading: &Reading<'_>, target: &Section<'_>) -> Vec<Signal> {
    let Some(node) = target.get("signals") else {
        return Vec::new();
    };
    let Value::Array(items) = &node.value else {
        reading.note(
            Problem::new(Code::WrongType, "`signals` must be a list of tables")
                .at(&node.span)
                .help("write one [[targets.NAME.signals]] for each meaning"),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| signal(reading, item))
        .collect()
}

fn signal(reading: &Reading<'_>, node: &Node) -> Option<Signal> {
    let keys = &["status", "code", "means", "pause"];
    let section = Section::open(reading, "signals", node, "a signal", keys)?;
    if section.get("status").is_none() && section.get("code").is_none() {
        section.requires("status");
        return None;
    }
    let status = match section.get("status") {
        Some(_) => Some(section.count("status", 100..=599, Code::BadValue)?),
        None => None,
    };
    let code = section.text("code").map(|found| Cow::Owned(found.value));
    let words = [
        ("success", Meaning::Success),
        ("final", Meaning::Final),
        ("repeat", Meaning::Repeatable),
        ("concurrency", Meaning::Throttled(Throttle::Concurrency)),
        ("window", Meaning::Throttled(Throttle::Window)),
        ("unknown", Meaning::Unknown),
    ];
    let meaning = section
        .requires("means")
        .then(|| section.word("means", &words))
        .flatten()?;
    let pause = section.duration("pause", Duration::ZERO..=DAY);
    if let Some(node) = section.get("pause")
        && !matches!(meaning, Meaning::Throttled(_))
    {
        reading.note(
            Problem::new(
                Code::BadValue,
                "`pause` goes with means = \"window\" or \"concurrency\"",
            )
            .at(&node.span),
        );
    }
    Some(Signal {
        status: status.and_then(|status| u16::try_from(status).ok()),
        code,
        when: Cow::default(),
        meaning,
        pause,
    })
}

/// `idempotency = "repeatability"`, or `{ header = "X-Request-Id", quoted = true }`.
pub(crate) fn idempotency(reading: &Reading<'_>, target: &Section<'_>) -> Option<Idempotency> {
    let node = target.get("idempotency")?;
    if let Value::Table(_) = &node.value {
        let keys = &["header", "quoted"];
        let section = Section::open(reading, "idempotency", node, "idempotency", keys)?;
        let name = section
            .requires("header")
            .then(|| section.parsed("header", Code::BadHeader, header_name))
            .flatten()?;
        return Some(Idempotency::Header {
            name: Cow::Owned(name),
            quoted: section.flag("quoted").unwrap_or(false),
        });
    }
    let ways = [
        ("none", Way::None),
        ("idempotency-key", Way::Bare),
        ("idempotency-key-quoted", Way::Quoted),
        ("repeatability", Way::Repeatability),
        ("sap-gateway", Way::SapGateway),
    ];
    let standard = |quoted| Idempotency::Header {
        name: Cow::Borrowed("idempotency-key"),
        quoted,
    };
    Some(match target.word("idempotency", &ways)? {
        Way::None => Idempotency::None,
        Way::Bare => standard(false),
        Way::Quoted => standard(true),
        Way::Repeatability => Idempotency::Repeatability,
        Way::SapGateway => Idempotency::SapGateway,
    })
}

#[derive(Clone, Copy)]
enum Way {
    None,
    Bare,
    Quoted,
    Repeatability,
    SapGateway,
}

fn header_name(name: &str) -> Result<String, String> {
    match header::typed(name, "") {
        Ok(_) | Err(header::HeaderError::Idempotency(_)) => Ok(name.to_ascii_lowercase()),
        Err(error) => Err(format!("cannot be used: {error}")),
    }
}

/// `reconcile = { path = "/orders?ref={/number}", found = "/value" }`.
pub(crate) fn reconcile(reading: &Reading<'_>, target: &Section<'_>) -> Option<Template> {
    let node = target.get("reconcile")?;
    let section = Section::open(reading, "reconcile", node, "reconcile", &["path", "found"])?;
    if !section.requires("path") {
        return None;
    }
    let found = match section.get("found") {
        None => Found::Status,
        Some(_) => Found::At(section.parsed("found", Code::BadValue, |text| {
            if text.is_empty() || text.starts_with('/') {
                Ok(text.to_owned())
            } else {
                Err("must be a JSON pointer into the answer, such as \"/value\"".to_owned())
            }
        })?),
    };
    let path = section.text("path")?;
    let template = Template {
        path: path.value,
        found,
    };
    if template.is_well_formed() {
        return Some(template);
    }
    reading.note(
        Problem::new(
            Code::BadValue,
            "`path` must begin with / and hold a place for what the call holds",
        )
        .at(&path.place)
        .help("write \"/orders?ref={/orderNumber}\" for a member of the request body, or {IdempotencyKey}"),
    );
    None
}

/// `on_unknown = "reconcile"` needs a question, which only NetSuite's preset has of its own.
pub(crate) fn check_reconcile(
    reading: &Reading<'_>,
    target: &Section<'_>,
    preset: Preset,
    on_unknown: OnUnknown,
) {
    let has_question = target.get("reconcile").is_some() || preset == Preset::NetSuite;
    if on_unknown == OnUnknown::Reconcile
        && !has_question
        && let Some(node) = target.get("on_unknown")
    {
        reading.note(
            Problem::new(
                Code::MissingKey,
                "on_unknown = \"reconcile\" needs `reconcile`, the question that tells whether a call happened",
            )
            .at(&node.span)
            .help("write reconcile = { path = \"/orders?ref={/orderNumber}\", found = \"/value\" }"),
        );
    }
}

/// `allow_networks = ["10.20.0.0/16"]`.
pub(crate) fn allow_networks(reading: &Reading<'_>, target: &Section<'_>) -> Vec<Network> {
    let mut networks = Vec::new();
    for found in target.texts("allow_networks").unwrap_or_default() {
        match found.value.parse() {
            Ok(network) => networks.push(network),
            Err(error) => reading.note(
                Problem::new(Code::BadValue, format!("`allow_networks`: this {error}"))
                    .at(&found.place),
            ),
        }
    }
    networks
}

/// Whether a URL says in plain words that it leads to this very machine. Whoever writes that means it; other spellings
/// of the same address are not taken for permission.
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
