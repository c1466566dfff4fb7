//! Checks what a target asks of functions: where its calls go, how long they take, how they are repeated.

use std::time::Duration;

use rampmeter_asl::Selector;
use rampmeter_call::{OnUnknown, Request};
use rampmeter_caller::{Auth, GrantKind, Profile, check_address};
use rampmeter_config::{Limiter, Target};

use super::code::{
    BOUNDS_WAITS, CALL_TOO_LONG, FOLLOWS_JOBS, FORGETS_CALLS, KEEPS_A_TOKEN, NO_PATH,
    PAUSE_TOO_LONG, UNREACHABLE,
};
use super::{Finding, Subject};
use crate::address::is_this_machine;
use crate::resource::queue::MAX_INVISIBLE_SECONDS;
use crate::worker::MAX_CALL_SECONDS;

pub(super) fn check(target: &Target, limiter: Limiter) -> Vec<Finding> {
    let mut found = Vec::new();
    let place = |key: &str| Subject::keys(&["targets", &target.name, key]);
    found.extend(addresses(target));
    if target.timeout > Duration::from_secs(MAX_CALL_SECONDS) {
        let seconds = target.timeout.as_secs();
        let message = format!(
            "a call of {} may take {seconds} s, and a function ends after 900 s",
            target.name
        );
        let help = format!(
            "set timeout = \"{MAX_CALL_SECONDS}s\" or less in [aws.targets.{}]",
            target.name
        );
        found.push(Finding::error(
            CALL_TOO_LONG,
            place("timeout"),
            message,
            help,
        ));
    }
    found.extend(refresh_token(target));
    found.extend(jobs(target, limiter));
    found.extend(lost_calls(target, limiter));
    found.extend(max_wait(target));
    if let Some(path) = &target.profile.response.select
        && let Err(error) = Selector::parse(path)
    {
        let message = format!(
            "{} selects {path:?}, which is no JSONPath: {error}",
            target.name
        );
        let help = "write a path into the body, such as \"$.items[*].id\"";
        let place = Subject::keys(&["targets", &target.name, "response", "select"]);
        found.push(Finding::error(NO_PATH, place, message, help));
    }
    if target.retry.max > Duration::from_secs(MAX_INVISIBLE_SECONDS) {
        let message = format!(
            "{} may pause for {} s before a repeat, and SQS keeps a message invisible for 12 hours",
            target.name,
            target.retry.max.as_secs()
        );
        let help = "set retry.max = \"12h\" or less";
        found.push(Finding::error(
            PAUSE_TOO_LONG,
            place("retry"),
            message,
            help,
        ));
    }
    found
}

/// A refresh token that its server replaces would have to be kept where all functions find it.
fn refresh_token(target: &Target) -> Option<Finding> {
    let Auth::OAuth2(oauth2) = &target.profile.auth else {
        return None;
    };
    if oauth2.grant.kind() != GrantKind::RefreshToken {
        return None;
    }
    let message = format!(
        "{} signs in with a refresh token, which its server may replace, and functions have no place to keep the new one",
        target.name
    );
    let help =
        "sign in with another kind where the vendor has one, or run the target on one machine";
    let place = Subject::keys(&["targets", &target.name, "auth"]);
    Some(Finding::error(KEEPS_A_TOKEN, place, message, help))
}

/// On AWS a message is looked at when a drainer receives it, and none does while the target is closed.
fn max_wait(target: &Target) -> Option<Finding> {
    let longest = target.max_wait?;
    let message = format!(
        "calls of {} wait for {} s at most, which is kept on one machine only: while a target is closed, nobody receives its messages on AWS",
        target.name,
        longest.as_secs()
    );
    let help = "leave max_wait out and give the state a TimeoutSeconds: Step Functions ends the wait, and its call is not made any more";
    let place = Subject::keys(&["targets", &target.name, "max_wait"]);
    Some(Finding::error(BOUNDS_WAITS, place, message, help))
}

/// Jobs of the vendor: a call that became one is remembered in the table and looked at, but no place is kept for it.
fn jobs(target: &Target, limiter: Limiter) -> Option<Finding> {
    let name = &target.name;
    let (key, message, help) = if target.counts_jobs() {
        let message =
            format!("a limit of {name} counts jobs, and workers on AWS keep no place for as long");
        let help = "let it count requests, if the vendor does, or run the target on one machine";
        ("limits", message, help)
    } else if limiter == Limiter::Reserved && target.follows_jobs() {
        let message = format!(
            "{name} follows jobs that its vendor runs, and with limiter = \"reserved\" nothing is remembered of them"
        );
        let help = "leave limiter out of [aws]: the table remembers them; or set jobs = \"none\"";
        ("jobs", message, help)
    } else {
        return None;
    };
    let place = Subject::keys(&["targets", name, key]);
    Some(Finding::error(FOLLOWS_JOBS, place, message, help))
}

/// A slot has no table in which to note that a call leaves, so it takes a call whose environment died for one that
/// never left.
fn lost_calls(target: &Target, limiter: Limiter) -> Option<Finding> {
    if limiter == Limiter::Lease {
        return None;
    }
    let name = &target.name;
    let place = Subject::keys(&["targets", name, "on_unknown"]);
    let help = "leave limiter out of [aws]: the table remembers that a call left; or write on_unknown = \"retry\" if a repeat does no harm";
    let insert = Request {
        method: "POST".to_owned(),
        idempotency_key: "key".to_owned(),
        ..Request::get("/")
    };
    match (target.on_unknown, target.on_unknown_of(&insert)) {
        (Some(OnUnknown::Retry), _) | (None, OnUnknown::Retry) => None,
        (Some(_), _) => {
            let message = format!(
                "a call of {name} whose environment died is sent again, for limiter = \"reserved\" remembers no call that left"
            );
            Some(Finding::error(FORGETS_CALLS, place, message, help))
        }
        (None, _) => {
            let message = format!(
                "a POST of {name} whose environment died is sent again and may do its work twice: limiter = \"reserved\" remembers no call that left"
            );
            Some(Finding::warning(FORGETS_CALLS, place, message, help))
        }
    }
}

/// The problems of a target's addresses: its own, and those of its endpoints.
fn addresses(target: &Target) -> Vec<Finding> {
    let name = target.name.as_str();
    let own = Subject::keys(&["targets", name, "base_url"]);
    let mut found: Vec<Finding> = address(&target.profile, own, &format!("[aws.targets.{name}]"))
        .into_iter()
        .collect();
    for (key, endpoint) in &target.profile.endpoints {
        let place = Subject::keys(&["targets", name, "endpoints", key, "base_url"]);
        let table = format!("[aws.targets.{name}.endpoints.{key}]");
        found.extend(address(&endpoint.profile, place, &table));
    }
    found
}

fn address(profile: &Profile, place: Subject, table: &str) -> Option<Finding> {
    let url = &profile.base_url;
    let host = url.host_str().unwrap_or_default();
    if is_this_machine(host) {
        let message = format!("{host} is the function itself on AWS, and nobody answers there");
        let help = format!("name the account's address in {table}: base_url = \"https://...\"");
        return Some(Finding::error(UNREACHABLE, place, message, help));
    }
    if check_address(url, &[]).is_err() {
        let message = format!(
            "{host} is not a public address: the functions would have to be in its network"
        );
        let help = "deploy with VpcSubnetIds and VpcSecurityGroupIds, in subnets with a way to SQS, DynamoDB and Step Functions";
        return Some(Finding::warning(UNREACHABLE, place, message, help));
    }
    None
}
