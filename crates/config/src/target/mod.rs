//! One target: a remote account with its limits, its sign-in and its rules for failures.

mod address;
mod allow;
mod auth;
mod deferral;
mod endpoint;
mod header;
mod idempotency;
mod jobs;
mod limit;
mod pause;
mod reconcile;
mod redact;
mod response;
mod retry;
mod shared_account;
mod signal_condition;
mod signals;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use rampmeter_call::{Account, CallRules, OnUnknown, Request, Retry};
use rampmeter_caller::Jobs;
use rampmeter_caller::vendor::SuggestedLimit;
use rampmeter_caller::{Auth, Network, Preset, Profile};
use rampmeter_dispatch::{Counts, Limit, MaxProbePause, Priority, Rules};

use crate::document::{Node, Reading, Section};
use crate::problem::{Code, Problem};

pub use redact::{RedactPath, RedactSegment};

/// One remote account.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name: lower-case letters, digits, `-` and `_`. Its queues are named after it.
    pub name: String,
    /// Where it is and how to call it.
    pub profile: Profile,
    /// What a message to it is checked against; derived from `profile`.
    pub account: Account,
    /// Its limits and deferral bounds.
    pub rules: Rules,
    /// Longest time a call may take; the same as in `profile`.
    pub timeout: Duration,
    /// How much longer than `timeout` a call whose answer was lost may still run at the vendor. It keeps its slots
    /// in every limit for that long.
    pub hold_after_timeout: Duration,
    /// How long a call may wait, from when it was queued, before it fails without being sent; none sets no bound.
    pub max_wait: Option<Duration>,
    /// How transport failures are retried.
    pub retry: Retry,
    /// What happens to a call whose answer was lost; none leaves it to the call, see [`Target::on_unknown_of`].
    pub on_unknown: Option<OnUnknown>,
    /// Who drains the queues.
    pub worker: Worker,
    /// The values of answers that people are not shown.
    pub redact: Vec<RedactPath>,
    /// Notes of limits, by the limit's name.
    pub limit_notes: BTreeMap<String, String>,
}

/// Who drains the queues of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worker {
    /// The engine, under the target's limits.
    #[default]
    Embedded,
    /// Somebody else: the queues are plain SQS queues.
    External,
}

impl Worker {
    /// By the words of the file.
    const NAMED: [(&str, Worker); 2] = [
        ("embedded", Worker::Embedded),
        ("external", Worker::External),
    ];
}

impl Target {
    /// Name of the queue of a priority: `netsuite-high`.
    #[must_use]
    pub fn queue(&self, priority: Priority) -> String {
        format!("{}-{}", self.name, priority.as_str().to_lowercase())
    }

    /// What happens to this call if its answer is lost: what the file says, otherwise what does no
    /// harm.
    #[must_use]
    pub fn on_unknown_of(&self, request: &Request) -> OnUnknown {
        let usual = || OnUnknown::usual(self.profile.repeat_safety(request));
        self.on_unknown.unwrap_or_else(usual)
    }

    /// Its rules for a call that has used up this many attempts and was refused this often in a row; any random number
    /// spreads the delays.
    #[must_use]
    pub fn call_rules(
        &self,
        attempts: u32,
        refusals: u32,
        random: u64,
        on_unknown: OnUnknown,
    ) -> CallRules {
        CallRules {
            retry: self.retry,
            on_unknown,
            polling: self.profile.polling,
            attempts,
            refusals,
            random,
        }
    }

    /// Whether it asks for jobs of its vendor to be followed, or counted.
    #[must_use]
    pub fn follows_jobs(&self) -> bool {
        let asked_for = self.profile.jobs.is_some_and(|jobs| jobs != Jobs::None);
        asked_for || self.counts_jobs()
    }

    /// Whether one of its limits counts jobs.
    #[must_use]
    pub fn counts_jobs(&self) -> bool {
        let counts_them = |limit: &Limit| limit.counts != Counts::Requests;
        self.rules.limits.iter().any(counts_them)
    }

    /// Name of the queue of dead letters: `netsuite-dead`.
    #[must_use]
    pub fn dead_queue(&self) -> String {
        format!("{}-dead", self.name)
    }
}

/// The keys of a target.
pub(crate) const KEYS: &[&str] = &[
    "preset",
    "base_url",
    "auth",
    "timeout",
    "hold_after_timeout",
    "max_deferrals",
    "max_probe_pause",
    "max_wait",
    "on_unknown",
    "retry",
    "worker",
    "headers",
    "redact",
    "allow",
    "limits",
    "pauses",
    "signals",
    "idempotency",
    "csrf",
    "jobs",
    "response",
    "reconcile",
    "allow_networks",
    "allow_plaintext",
    "endpoints",
];

/// The shortest and the longest `max_probe_pause`.
const PROBE_PAUSES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn read_all(reading: &Reading<'_>, root: &Section<'_>) -> BTreeMap<String, Target> {
    let mut targets = BTreeMap::new();
    let Some(table) = root.named("targets") else {
        return targets;
    };
    let only = reading.context.host.only_target();
    let entries = table.entries.iter();
    for entry in entries.filter(|entry| only.is_none_or(|only| only == entry.key)) {
        if !is_name(&entry.key) {
            reading.note(
                Problem::new(Code::BadName, "a target's name is malformed")
                    .at(&entry.key_span)
                    .note("its queues are named after it: a lower-case letter, then at most 59 lower-case letters, digits, - or _"),
            );
        }
        if let Some(target) = read(reading, &entry.key, &entry.node) {
            shared_account::warn(reading, entry, &target, &targets);
            targets.insert(entry.key.clone(), target);
        }
    }
    targets
}

fn is_name(name: &str) -> bool {
    let served = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    name.len() <= 60
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(served)
}

/// Its limits with their notes, and its pauses by the calendar.
fn rules(
    reading: &Reading<'_>,
    section: &Section<'_>,
    suggested: &[SuggestedLimit],
) -> (Rules, BTreeMap<String, String>) {
    let (mut rules, notes) = limit::read(reading, section, suggested);
    rules.pauses = pause::read(reading, section);
    let longest = section.duration("max_probe_pause", PROBE_PAUSES);
    rules.max_probe_pause = longest.map(MaxProbePause).unwrap_or_default();
    (rules, notes)
}

fn read(reading: &Reading<'_>, name: &str, node: &Node) -> Option<Target> {
    let section = Section::open(reading, name, node, "a target", KEYS)?;
    let preset = preset(&section);
    let timeout = section
        .duration(
            "timeout",
            Duration::from_millis(1)..=Duration::from_secs(3600),
        )
        .unwrap_or(MINUTE);
    let hold_after_timeout = section
        .duration("hold_after_timeout", Duration::ZERO..=DAY)
        .unwrap_or_else(|| default_hold(preset, timeout));
    let max_wait = section.duration("max_wait", Duration::from_secs(1)..=30 * DAY);
    let base_url = section
        .requires("base_url")
        .then(|| section.parsed("base_url", Code::BadBaseUrl, address::base_url))
        .flatten();
    if let Some(url) = &base_url {
        address::check_base_url(reading, &section, preset, url);
    }
    let local = base_url.is_some()
        && section
            .text("base_url")
            .is_some_and(|found| address::is_plainly_local(&found.value));
    let account = auth::Account {
        base_url: base_url.as_ref(),
        local: Cell::new(local),
        preset,
        scopes: endpoint::scopes(&section, preset.vendor()),
    };
    let auth = match section.get("auth") {
        Some(node) => auth::read(reading, node, &account),
        None => Some(Auth::None),
    };
    let local = account.local.get();
    let (rules, limit_notes) = rules(reading, &section, preset.vendor().limits);
    let headers = header::read(reading, &section);
    let retry = retry::read(reading, &section, preset.vendor().retry);
    let on_unknown = reconcile::on_unknown(reading, &section, preset);
    let worker = section.word("worker", &Worker::NAMED).unwrap_or_default();
    let redact = redact::read(reading, &section);
    let mut profile = Profile::new(name, base_url?, timeout);
    profile.auth = auth?;
    profile.preset = preset;
    profile.headers = headers;
    profile.signals = signals::read(reading, &section);
    profile.idempotency = idempotency::read(reading, &section);
    profile.csrf = section.flag("csrf");
    jobs::read(reading, &section, &mut profile);
    profile.response = response::read(reading, &section);
    profile.reconcile = reconcile::question(reading, &section);
    profile.allow = allow::read(reading, &section);
    profile.allow_networks = section.networks("allow_networks");
    if local {
        profile.allow_networks.extend(Network::LOOPBACK);
    }
    profile.allow_plaintext = section.flag("allow_plaintext").unwrap_or(false);
    address::check(reading, &section, &profile);
    if section.named("endpoints").is_some() {
        profile.endpoints = endpoint::read_all(reading, &section, &profile);
    }
    limit::tariff::check_endpoints(reading, &section, &rules, &profile);
    Some(Target {
        name: name.to_owned(),
        account: profile.account(),
        profile,
        rules,
        timeout,
        hold_after_timeout,
        max_wait,
        retry,
        on_unknown,
        worker,
        redact,
        limit_notes,
    })
}

/// The vendor of a target.
fn preset(section: &Section<'_>) -> Preset {
    let named: Vec<(&str, Preset)> = Preset::ALL
        .iter()
        .map(|preset| (preset.as_str(), *preset))
        .collect();
    section.word("preset", &named).unwrap_or_default()
}

/// The vendor's longest run less the timeout; if the vendor states none, the timeout once more.
fn default_hold(preset: Preset, timeout: Duration) -> Duration {
    match preset.vendor().longest_run {
        Some(longest) => longest.saturating_sub(timeout),
        None => timeout,
    }
}
