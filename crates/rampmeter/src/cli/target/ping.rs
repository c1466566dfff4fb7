//! `target ping`: signs in, makes one harmless call, and says how that went: the first thing to try with an account. It
//! reads the configuration and calls the vendor itself, beside the limits of a running server.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use rampmeter_call::{Answer, Outcome, Repeatable, Request};
use rampmeter_caller::rate_headers::StatedLimit;
use rampmeter_caller::{Attempt, Caller, stated_limits};
use rampmeter_config::{Config, Target};
use rampmeter_terminal::output::{self, Color, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

/// Options of `target ping`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the target.
    target: String,
    /// Path to call instead of the vendor's own harmless one; it is called with GET.
    #[arg(long)]
    path: Option<String>,
    /// The configuration.
    #[arg(long, default_value = "rampmeter.toml")]
    config: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// What a ping found.
struct Found {
    outcome: Outcome,
    took: Duration,
    /// Our clock minus the vendor's, in seconds, where the answer has a date.
    clock_ahead: Option<i64>,
}

/// Runs `target ping`.
pub(crate) async fn run(arguments: Arguments, color: Color) -> Result<(), Failure> {
    let target = target(&arguments.config, &arguments.target, color)?;
    let path = path_of(&target, arguments.path.as_deref())?;
    let caller = Caller::new(target.profile.clone()).map_err(|error| {
        Failure::new("RM2007", Exit::Usage, format!("{}: {error}", target.name))
    })?;
    note("this call is made beside the limits of a running server, and the vendor counts it");
    let found = ping(&caller, &path).await;
    let good = found.is_good();
    match arguments.output.format() {
        Format::Table => print(&target, &path, &found)?,
        Format::Json | Format::Jsonl => output::json(&to_json(&target, &path, &found))?,
        Format::Id if good => output::data(&target.name)?,
        Format::Id => {}
    }
    if good {
        Ok(())
    } else {
        Err(Failure::Reported(Exit::Failed))
    }
}

/// One target of a configuration.
pub(crate) fn target(file: &std::path::Path, name: &str, color: Color) -> Result<Target, Failure> {
    let mut config =
        Config::load(file, &|name| std::env::var(name).ok()).map_err(|report| Failure::Report {
            text: report.render(color.for_stderr()),
            exit: Exit::Usage,
        })?;
    config.keep_refresh_tokens();
    config.targets.remove(name).ok_or_else(|| {
        let known: Vec<&str> = config.targets.keys().map(String::as_str).collect();
        let what = format!("{} has no target {name}", file.display());
        Failure::new("RM2060", Exit::Usage, what)
            .with_help(format!("its targets are: {}", known.join(", ")))
    })
}

fn path_of(target: &Target, chosen: Option<&str>) -> Result<String, Failure> {
    let rules = target.profile.preset.vendor();
    chosen.or(rules.probe).map(str::to_owned).ok_or_else(|| {
        let what = format!(
            "the preset {} knows no harmless call",
            target.profile.preset
        );
        Failure::new("RM2061", Exit::Usage, what)
            .with_help(format!("rampmeter target ping {} --path /...", target.name))
    })
}

/// One GET. A sign-in that takes a permit of its own is followed by the call itself.
pub(crate) async fn call(caller: &Caller, path: &str) -> Outcome {
    let request = Request {
        method: "GET".to_owned(),
        endpoint: None,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        idempotency_key: "ping".to_owned(),
    };
    let mut outcome = caller.attempt(&request, &Attempt::default()).await;
    for _ in 0..2 {
        if !matches!(
            outcome,
            Outcome::Repeatable {
                reason: Repeatable::GotReady | Repeatable::SignInExpired,
                ..
            }
        ) {
            break;
        }
        outcome = caller.attempt(&request, &Attempt::default()).await;
    }
    outcome
}

async fn ping(caller: &Caller, path: &str) -> Found {
    let begun = Instant::now();
    let outcome = call(caller, path).await;
    let date = outcome
        .answer()
        .and_then(|answer| answer.header("date"))
        .and_then(|date| httpdate::parse_http_date(date).ok());
    Found {
        clock_ahead: date.map(|date| seconds_between(date, SystemTime::now())),
        took: begun.elapsed(),
        outcome,
    }
}

/// Whole seconds from one time to another; negative if that is earlier.
fn seconds_between(from: SystemTime, to: SystemTime) -> i64 {
    let whole = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    match to.duration_since(from) {
        Ok(later) => whole(later),
        Err(earlier) => -whole(earlier.duration()),
    }
}

fn print(target: &Target, path: &str, found: &Found) -> std::io::Result<()> {
    let line = |name: &str, value: &str| output::data(&format!("{name:<10}{value}"));
    let rules = target.profile.preset.vendor();
    line("target", &format!("{} ({})", target.name, rules.title))?;
    line("url", target.profile.base_url.as_str())?;
    line("sign-in", &target.profile.auth.to_string())?;
    line(
        "call",
        &format!("GET {path}, {} ms", found.took.as_millis()),
    )?;
    line("answer", &said(&found.outcome))?;
    if let Some(location) = location(&found.outcome) {
        line("leads to", location)?;
    }
    if let Some(ahead) = found.clock_ahead {
        line("clock", &clock(ahead))?;
    }
    for stated in stated_limits(&found.outcome, SystemTime::now()) {
        line("limit", &limit_text(&stated))?;
    }
    if let Some(advice) = advice(target, found) {
        line("advice", advice)?;
    }
    Ok(())
}

impl Found {
    /// Whether the vendor did what was asked. A page for people with status 200 is usually a sign-in page.
    fn is_good(&self) -> bool {
        matches!(&self.outcome, Outcome::Success(answer) if !is_page(answer))
    }
}

/// Whether an answer is a page for people, which no API returns.
fn is_page(answer: &Answer) -> bool {
    let html = answer
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let begins_so = answer.body.as_str().is_some_and(|text| {
        let start = text.trim_start().get(..14).unwrap_or_default();
        start.to_ascii_lowercase().starts_with("<!doctype html")
            || start.to_ascii_lowercase().starts_with("<html")
    });
    html || begins_so
}

/// Where a redirection leads.
fn location(outcome: &Outcome) -> Option<&str> {
    let answer = outcome.answer()?;
    let redirects = (300..400).contains(&answer.status);
    redirects.then(|| answer.header("location")).flatten()
}

fn clock(ahead: i64) -> String {
    match ahead {
        -2..=2 => "agrees with the vendor's".to_owned(),
        3.. => format!("{ahead} s ahead of the vendor's"),
        _ => format!("{} s behind the vendor's", -ahead),
    }
}

/// What became of the call, in one line.
pub(crate) fn said(outcome: &Outcome) -> String {
    let status = outcome
        .answer()
        .map(|answer| format!("{} {}", answer.status, answer.status_text));
    let status = status.as_deref().map_or("", str::trim);
    let code = |code: &Option<String>| {
        code.as_deref()
            .map_or_else(String::new, |code| format!(", {code}"))
    };
    match outcome {
        Outcome::Success(answer) if is_page(answer) => {
            format!("{status}, but with a page for people in place of data")
        }
        Outcome::Success(_) => status.to_owned(),
        Outcome::Final { vendor_code, .. } => format!("{status}{}", code(vendor_code)),
        Outcome::Throttled { vendor_code, .. } => {
            format!("{status}{}: throttled", code(vendor_code))
        }
        Outcome::Repeatable {
            reason: Repeatable::ConnectFailed(why),
            ..
        } => format!("no connection: {why}"),
        Outcome::Repeatable {
            reason: Repeatable::SignInFailed(why),
            ..
        } => why.clone(),
        Outcome::Repeatable { vendor_code, .. } => {
            format!("{status}{}: a passing failure", code(vendor_code))
        }
        Outcome::Unknown { reason, .. }
        | Outcome::Unresolved { reason }
        | Outcome::Invalid { reason } => reason.clone(),
    }
}

fn limit_text(stated: &StatedLimit) -> String {
    let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let mut text = format!(
        "{} {} of {} left",
        stated.name,
        number(stated.remaining),
        number(stated.limit)
    );
    if let Some(window) = stated.window {
        text.push_str(&format!(", in {} s", window.as_secs()));
    }
    text.trim_start().to_owned()
}

/// The error of a clock, in seconds, that vendors still accept in signatures.
const CLOCK_MATTERS: i64 = 120;

/// What to check, by what the ping found.
fn advice(target: &Target, found: &Found) -> Option<&'static str> {
    if location(&found.outcome).is_some() {
        return Some(
            "calls follow no redirection: let base_url or the path name the place it leads to; if that is a sign-in page, the credential was not taken",
        );
    }
    if matches!(&found.outcome, Outcome::Success(answer) if is_page(answer)) {
        return Some(
            "an API answers with data: base_url or the path may be that of the web interface, or the credential was not taken and this is its sign-in page",
        );
    }
    let refused = match &found.outcome {
        Outcome::Final { answer, .. } => answer.status == 401,
        Outcome::Repeatable { reason, .. } => {
            matches!(
                reason,
                Repeatable::SignInFailed(_) | Repeatable::SignInExpired
            )
        }
        _ => false,
    };
    if !refused {
        return None;
    }
    if found
        .clock_ahead
        .is_some_and(|ahead| ahead.abs() > CLOCK_MATTERS)
    {
        return Some("set this machine's clock: signatures of the wrong time are refused");
    }
    let profile = &target.profile;
    Some((profile.preset.vendor().sign_in_advice)(&profile.auth))
}

fn to_json(target: &Target, path: &str, found: &Found) -> Value {
    let stated_limits: Vec<Value> = stated_limits(&found.outcome, SystemTime::now())
        .iter()
        .map(|stated| {
            json!({
                "name": stated.name,
                "limit": stated.limit,
                "remaining": stated.remaining,
                "window_ms": stated.window.map(|window| window.as_millis() as u64),
            })
        })
        .collect();
    json!({
        "schema": "rampmeter.ping/1",
        "target": target.name,
        "preset": target.profile.preset.as_str(),
        "base_url": target.profile.base_url.as_str(),
        "sign_in": target.profile.auth.to_string(),
        "path": path,
        "ok": found.is_good(),
        "location": location(&found.outcome),
        "status": found.outcome.answer().map(|answer| answer.status),
        "answer": said(&found.outcome),
        "took_ms": found.took.as_millis() as u64,
        "clock_ahead_ms": found.clock_ahead.map(|ahead| ahead * 1000),
        "limits": stated_limits,
        "advice": advice(target, found),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_in_words() {
        assert_eq!(clock(1), "agrees with the vendor's");
        assert_eq!(clock(-90), "90 s behind the vendor's");
        assert_eq!(clock(90), "90 s ahead of the vendor's");
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        assert_eq!(seconds_between(SystemTime::UNIX_EPOCH, later), 7);
        assert_eq!(seconds_between(later, SystemTime::UNIX_EPOCH), -7);
    }
}
