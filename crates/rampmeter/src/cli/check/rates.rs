//! The rate that each limit of a configuration can reach, given the time that calls take: as a running server has
//! measured it, else as assumed for the preset. The arithmetic is that of `limit list` (`dispatch`).

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_config::{Config, Target};
use rampmeter_dispatch::{CountFrom, Gate, LimitKind, Rules, Time};
use rampmeter_time::span;
use serde_json::{Value, json};

use crate::cli::rate::{self, Rate};
use crate::client::Client;

/// A window that reaches less than nine tenths of its rate.
pub(super) const SLOW_WINDOW: &str = "RM4030";

/// How long the server may take to answer; it is on this machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time that calls take, by target, where a server has measured it; and which server.
#[derive(Debug, Default)]
pub(super) struct Measured {
    calls: BTreeMap<String, Duration>,
    server: Option<String>,
}

/// Asks the server of a configuration, if it runs.
pub(super) async fn measured(config: &Config) -> Measured {
    let (aws, admin) = (
        format!("{}://{}", config.server.scheme(), config.server.aws),
        format!(
            "{}://{}",
            config.server.scheme(),
            config.server.admin.listen
        ),
    );
    let Ok(client) = Client::new(&aws, &admin) else {
        return Measured::default();
    };
    let asked = tokio::time::timeout(PATIENCE, client.admin(&["v1", "targets"])).await;
    let Ok(Ok(answer)) = asked else {
        return Measured::default();
    };
    let targets = answer["targets"].as_array().into_iter().flatten();
    let calls = targets.filter_map(|target| {
        let millis = target["mean_call_ms"].as_u64()?;
        Some((
            target["name"].as_str()?.to_owned(),
            Duration::from_millis(millis),
        ))
    });
    Measured {
        calls: calls.collect(),
        server: Some(admin),
    }
}

/// One limit.
pub(super) struct Reach {
    target: String,
    limit: String,
    kind: String,
    latency: Duration,
    /// Who says how long a call takes, in words.
    from: String,
    is_measured: bool,
    rate: Rate,
    calls: u64,
    /// What the vendor might count if calls were counted from the send; `None` where they already are, or where the
    /// limit is not a window.
    from_send: Option<u64>,
}

/// Every limit of a configuration, in its order.
pub(super) fn of(config: &Config, measured: &Measured) -> Vec<Reach> {
    let targets = config.targets.values();
    targets
        .flat_map(|target| of_target(target, measured))
        .collect()
}

fn of_target(target: &Target, measured: &Measured) -> Vec<Reach> {
    let preset = target.profile.preset;
    let known = measured.calls.get(&target.name).copied();
    let latency = known.unwrap_or_else(|| preset.vendor().assumed_call);
    let from = match (known, &measured.server) {
        (Some(_), Some(server)) => format!("measured by the server at {server}"),
        (_, Some(_)) => {
            format!("assumed for the preset {preset}: the server has had no answer yet")
        }
        (_, None) => format!("assumed for the preset {preset}: no server runs"),
    };
    let most = most_counted(&target.rules, None);
    let limits = target.rules.limits.iter().enumerate();
    let reaches = limits.map(|(index, limit)| Reach {
        target: target.name.clone(),
        limit: limit.name.clone(),
        kind: kind(&limit.kind),
        latency,
        from: from.clone(),
        is_measured: known.is_some(),
        rate: Rate {
            reaches: Some(limit.reachable_rate(latency)),
            nominal: limit.kind.nominal_rate(),
            vendor_may_count: most[index].filter(|most| *most > limit.max()),
        },
        calls: limit.max(),
        from_send: match (&limit.kind, limit.count_from) {
            (LimitKind::Window { .. }, CountFrom::Answer) => {
                most_counted(&target.rules, Some(index))[index]
            }
            _ => None,
        },
    });
    reaches.collect()
}

/// The most that the vendor may count in each limit; in one of them, as if it counted from the send.
fn most_counted(rules: &Rules, from_send: Option<usize>) -> Vec<Option<u64>> {
    let mut rules = rules.clone();
    if let Some(limit) = from_send.and_then(|index| rules.limits.get_mut(index)) {
        limit.count_from = CountFrom::Send;
    }
    Gate::new(rules, Time::from_millis(0)).most_counted()
}

fn kind(kind: &LimitKind) -> String {
    let length = |length: Duration| span(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
    match kind {
        LimitKind::Concurrency { max } => format!("{max} in flight"),
        LimitKind::Window { calls, per } => format!("{calls} in {}", length(*per)),
        LimitKind::Calendar { calls, reset } => {
            format!("{calls} between resets, {} apart", length(reset.period()))
        }
    }
}

impl Reach {
    /// One line: the limit, what it is, and what it reaches.
    pub(super) fn line(&self) -> String {
        let name = format!("{}/{}", self.target, self.limit);
        format!(
            "  {name:<24} {:<24} reaches {}",
            self.kind,
            self.rate.words()
        )
    }

    /// How long a call takes, and who says so; the same for all limits of a target.
    pub(super) fn assumption(&self) -> String {
        let millis = i64::try_from(self.latency.as_millis()).unwrap_or(i64::MAX);
        format!(
            "  {}: a call takes {}, {}",
            self.target,
            span(millis),
            self.from
        )
    }

    /// A warning, where the limit is a window that reaches less than nine tenths of its rate.
    pub(super) fn warning(&self) -> Option<String> {
        let (reaches, nominal) = (self.rate.reaches?, self.rate.nominal?);
        if !self.rate.is_low() {
            return None;
        }
        let help = match self.from_send {
            Some(most) => format!(
                "leave it, for it is exact; or count_from = \"send\", if it does no harm that the vendor counts up to {most}"
            ),
            None => "leave it, for it is exact".to_owned(),
        };
        Some(format!(
            "warning[{SLOW_WINDOW}]: the limit {}/{} ({}) reaches {} of its {} calls a second: its places are free \
             one length after the answer, and a call takes {} ms ({})\n\x20 help: {help}",
            self.target,
            self.limit,
            self.kind,
            rate::calls(reaches),
            rate::calls(nominal),
            self.latency.as_millis(),
            self.from,
        ))
    }

    /// For programs.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "target": self.target,
            "limit": self.limit,
            "max": self.calls,
            "call_ms": u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX),
            "call_from": if self.is_measured { "server" } else { "preset" },
            "reaches_per_second": self.rate.reaches.filter(|rate| rate.is_finite()),
            "nominal_per_second": self.rate.nominal,
            "vendor_may_count": self.rate.vendor_may_count,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(limits: &str) -> Config {
        let text = format!(
            "version = 1\n[targets.erp]\npreset = \"http\"\nbase_url = \"https://erp.example\"\n{limits}"
        );
        let nothing = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        Config::parse(&text, Path::new("rampmeter.toml"), &|_| None, &nothing)
            .unwrap_or_else(|report| panic!("{report}"))
    }

    const SECOND: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 10\n\
                          [[targets.erp.limits]]\nname = \"second\"\ncalls = 100\nper = \"1s\"\n";

    #[test]
    fn a_window_below_nine_tenths_of_its_rate_is_told_with_the_time_of_a_call_and_who_says_so() {
        let measured = Measured {
            calls: BTreeMap::from([("erp".to_owned(), Duration::from_millis(300))]),
            server: Some("http://127.0.0.1:4580".to_owned()),
        };
        let reaches = of(&config(SECOND), &measured);
        assert_eq!(reaches[0].warning(), None);
        let warning = reaches[1].warning().unwrap();
        for part in [
            "erp/second (100 in 1.0 s) reaches 76.9 of its 100.0 calls a second",
            "300 ms (measured by the server at http://127.0.0.1:4580)",
            "counts up to 110",
        ] {
            assert!(warning.contains(part), "{part:?} in {warning}");
        }
    }

    #[test]
    fn without_a_server_the_time_is_that_assumed_for_the_preset() {
        let reaches = of(&config(SECOND), &Measured::default());
        assert!(
            reaches[0]
                .assumption()
                .contains("assumed for the preset http: no server runs")
        );
        assert_eq!(reaches[0].to_json()["call_from"], "preset");
        let minute = "[[targets.erp.limits]]\nname = \"minute\"\ncalls = 600\nper = \"1m\"\n";
        assert_eq!(of(&config(minute), &Measured::default())[0].warning(), None);
    }

    #[test]
    fn counted_from_the_send_the_rate_is_whole_and_the_worst_case_is_told() {
        let limits = format!("{SECOND}count_from = \"send\"\n");
        let reaches = of(&config(&limits), &Measured::default());
        assert_eq!(reaches[1].warning(), None);
        assert!(reaches[1].line().contains("the vendor may count 110"));
    }
}
