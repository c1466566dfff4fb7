//! `[targets.X.endpoints.Y]`: the other hosts of one account. An endpoint is called like its target, except for what it
//! configures itself; limits, lanes and queues are the target's, because the vendor counts the account.

use std::cell::Cell;
use std::collections::BTreeMap;

use rampmeter_caller::vendor::Vendor;
use rampmeter_caller::{Endpoint, Jobs, Network, Profile};
use url::Url;

use super::{address, allow, auth, header, idempotency, is_name, preset, reconcile, signals};
use crate::document::{Entry, Reading, Section, Value};
use crate::problem::{Code, Problem};

/// The keys of an endpoint.
const KEYS: &[&str] = &[
    "preset",
    "base_url",
    "auth",
    "headers",
    "allow",
    "signals",
    "idempotency",
    "csrf",
    "jobs",
    "reconcile",
];

/// The scopes that the access tokens of a target need for its endpoints, besides the vendor's usual ones. An endpoint that
/// signs in differently needs nothing here.
pub(super) fn scopes(target: &Section<'_>, vendor: &Vendor) -> Vec<&'static str> {
    let has = |entry: &Entry, key| matches!(&entry.node.value, Value::Table(table) if table.get(key).is_some());
    let entries = entries(target).iter().filter(|entry| !has(entry, "auth"));
    let known = entries.filter_map(|entry| vendor.endpoint(&entry.key));
    known.flat_map(|known| known.scopes).copied().collect()
}

/// The endpoints of a target, each with what it takes over from the target's own profile.
pub(super) fn read_all(
    reading: &Reading<'_>,
    target: &Section<'_>,
    of_target: &Profile,
) -> BTreeMap<String, Endpoint> {
    let read = |entry: &Entry| Some((entry.key.clone(), read(reading, entry, of_target)?));
    entries(target).iter().filter_map(read).collect()
}

fn entries<'a>(target: &Section<'a>) -> &'a [Entry] {
    match target.get("endpoints").map(|node| &node.value) {
        Some(Value::Table(table)) => &table.entries,
        _ => &[],
    }
}

fn read(reading: &Reading<'_>, entry: &Entry, of_target: &Profile) -> Option<Endpoint> {
    if !is_name(&entry.key) {
        reading.note(
            Problem::new(Code::BadName, "an endpoint's name is malformed")
                .at(&entry.key_span)
                .note("messages name it: a lower-case letter, then at most 59 lower-case letters, digits, - or _"),
        );
    }
    let section = Section::open(reading, &entry.key, &entry.node, "an endpoint", KEYS)?;
    let mut profile = of_target.clone();
    profile.endpoint = Some(entry.key.clone());
    if section.get("preset").is_some() {
        profile.preset = preset(&section);
    }
    profile.base_url = base_url(reading, entry, &section, &profile)?;
    let local = section
        .text("base_url")
        .is_some_and(|found| address::is_plainly_local(&found.value));
    let account = auth::Account {
        base_url: Some(&profile.base_url),
        local: Cell::new(local),
        preset: profile.preset,
        scopes: Vec::new(),
    };
    let own_auth = match section.get("auth") {
        Some(node) => Some(auth::read(reading, node, &account)?),
        None => None,
    };
    if account.local.get() {
        profile.allow_networks.extend(Network::LOOPBACK);
    }
    let own_sign_in = own_auth.is_some();
    if let Some(auth) = own_auth {
        profile.auth = auth;
    }
    differ(reading, &section, &mut profile);
    address::check(reading, &section, &profile);
    Some(Endpoint {
        profile,
        own_sign_in,
    })
}

/// `base_url`, or where the vendor has an endpoint of this name.
fn base_url(
    reading: &Reading<'_>,
    entry: &Entry,
    section: &Section<'_>,
    profile: &Profile,
) -> Option<Url> {
    let vendor = profile.preset.vendor();
    let known = vendor.endpoint(&entry.key);
    let derived = known.and_then(|known| (known.base_url)(&profile.base_url));
    if section.get("base_url").is_some() {
        let url = section.parsed("base_url", Code::BadBaseUrl, address::base_url)?;
        if derived.as_ref() != Some(&url) {
            address::check_base_url(reading, section, profile.preset, &url);
        }
        return Some(url);
    }
    if derived.is_none() {
        let names: Vec<&str> = vendor.endpoints.iter().map(|known| known.name).collect();
        let problem = Problem::new(
            Code::MissingKey,
            format!("endpoint `{}` needs `base_url`", entry.key),
        )
        .at(&entry.key_span);
        reading.note(match known {
            Some(_) => problem.note("it does not follow from the `base_url` of the target, which is not a host of the vendor"),
            None if names.is_empty() => problem,
            None => problem.note(format!("{} has these: {}", vendor.title, names.join(", "))),
        });
    }
    derived
}

/// What the endpoint configures itself replaces what its target says.
fn differ(reading: &Reading<'_>, section: &Section<'_>, profile: &mut Profile) {
    for (name, value) in header::read(reading, section) {
        profile.headers.retain(|(other, _)| *other != name);
        profile.headers.push((name, value));
    }
    if let Some(rules) = allow::read(reading, section) {
        profile.allow = Some(rules);
    }
    if section.get("signals").is_some() {
        profile.signals = signals::read(reading, section);
    }
    if section.get("idempotency").is_some() {
        profile.idempotency = idempotency::read(reading, section);
    }
    if section.get("reconcile").is_some() {
        profile.reconcile = reconcile::question(reading, section);
    }
    profile.csrf = section.flag("csrf").or(profile.csrf);
    // How often a job is polled is decided by the target.
    profile.jobs = section.word("jobs", &Jobs::NAMED).or(profile.jobs);
}
