//! Decisions: the time to start a call under eight limits, while a thousand calls wait and while a million do. Measured
//! with the real store (the gate's decision, the first call of the lane, its permit) as one ratio in one run, and for
//! the gate alone, with a full window of a million calls a day.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rampmeter_config::Config;
use rampmeter_dispatch::{Decision, Gate, Limit, Priority, Rules, Time, Waiting};
use rampmeter_engine::Decisions;
use serde::Serialize;

/// The smaller backlog.
const FEW: u64 = 1_000;
/// Rounds, in each of which both stores start calls: what disturbs the machine disturbs both.
const ROUNDS: u32 = 20;
/// Starts of each store in a round.
const STARTS: u32 = 100;
/// Calls of the gate alone.
const GATE_CALLS: i64 = 1_000_000;

/// One call at a time, and seven windows from 100 ms to a month that never hold it.
const LIMITS: [(&str, &str, &str); 7] = [
    ("moment", "4096", "100ms"),
    ("second", "4096", "1s"),
    ("minute", "100000", "1m"),
    ("hour", "1000000", "1h"),
    ("day", "1000000", "1d"),
    ("week", "4000000", "7d"),
    ("month", "4000000", "31d"),
];

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    limits: usize,
    /// Median microseconds to start a call while a thousand wait.
    few_waiting: u64,
    few_micros: f64,
    /// The same while many wait.
    many_waiting: u64,
    many_micros: f64,
    /// The second divided by the first.
    ratio: f64,
    gate: GateAlone,
}

/// The gate alone, with the same limits: it does not know how many calls wait.
#[derive(Debug, Serialize)]
struct GateAlone {
    /// Mean nanoseconds of a decision, a start and an answer, of the first tenth of a million calls.
    first_nanos: f64,
    /// The same for the last tenth, when the windows of a day and longer are full.
    last_nanos: f64,
    /// The most rows that all windows together ever kept.
    most_rows: usize,
}

impl Measured {
    /// For people.
    pub(super) fn text(&self) -> String {
        format!(
            "decisions       {:.1} µs to start a call with {} limits while {} wait, {:.1} µs while {} do: {:.2} times\n\
             the gate alone  {:.0} ns for decision, start and answer at first, {:.0} ns after a million calls; {} rows at most",
            self.few_micros,
            self.limits,
            self.few_waiting,
            self.many_micros,
            self.many_waiting,
            self.ratio,
            self.gate.first_nanos,
            self.gate.last_nanos,
            self.gate.most_rows,
        )
    }
}

/// Measures, with stores in `directory`.
pub(super) async fn measure(directory: &Path, many: u64) -> Result<Measured, String> {
    let directory = directory.to_owned();
    let measured = tokio::task::spawn_blocking(move || measure_blocking(&directory, many)).await;
    measured.map_err(|failed| failed.to_string())?
}

fn measure_blocking(directory: &Path, many: u64) -> Result<Measured, String> {
    let mut small = store(&directory.join("few-waiting"), FEW)?;
    let mut large = store(&directory.join("many-waiting"), many)?;
    let (mut few, mut lots) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        few.extend(small.start(STARTS).map_err(|why| why.to_string())?);
        lots.extend(large.start(STARTS).map_err(|why| why.to_string())?);
    }
    let (few_micros, many_micros) = (median(few), median(lots));
    Ok(Measured {
        limits: LIMITS.len() + 1,
        few_waiting: small.waiting(),
        few_micros,
        many_waiting: large.waiting(),
        many_micros,
        ratio: (many_micros / few_micros * 100.0).round() / 100.0,
        gate: gate_alone(),
    })
}

fn store(directory: &Path, waiting: u64) -> Result<Decisions, String> {
    std::fs::create_dir_all(directory).map_err(|why| why.to_string())?;
    let mut text = format!(
        "version = 1\n[server]\ndata_dir = {:?}\n[targets.erp]\npreset = \"http\"\n\
         base_url = \"http://127.0.0.1:9\"\n\
         [[targets.erp.limits]]\nname = \"one\"\nconcurrency = 1\n",
        directory.display().to_string()
    );
    for (name, calls, per) in LIMITS {
        text.push_str(&format!(
            "[[targets.erp.limits]]\nname = \"{name}\"\ncalls = {calls}\nper = \"{per}\"\n"
        ));
    }
    let no_file = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let config = Config::parse(&text, &PathBuf::from("bench.toml"), &|_| None, &no_file)
        .map_err(|report| report.to_string())?;
    Decisions::new(&config, waiting).map_err(|why| why.to_string())
}

fn median(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    let nanos = took.get(took.len() / 2).map_or(0, Duration::as_nanos);
    nanos as f64 / 1e3
}

/// A million calls in one day, under a virtual clock.
fn gate_alone() -> GateAlone {
    let day = Duration::from_secs(24 * 60 * 60);
    let between = day / 1_000_000;
    let window = |name: &str, calls, per| Limit::window(name, calls, per);
    let rules = Rules {
        limits: vec![
            Limit::concurrency("one", 1),
            window("moment", 4_096, Duration::from_millis(100)),
            window("second", 4_096, Duration::from_secs(1)),
            window("minute", 100_000, Duration::from_secs(60)),
            window("hour", 1_000_000, Duration::from_secs(3_600)),
            window("day", 1_000_000, day),
            window("week", 4_000_000, day * 7),
            window("month", 4_000_000, day * 31),
        ],
        ..Rules::default()
    };
    let mut now = Time::from_millis(0);
    let mut gate = Gate::new(rules, now);
    let mut begin = Instant::now();
    let mut measured = GateAlone {
        first_nanos: 0.0,
        last_nanos: 0.0,
        most_rows: 0,
    };
    let tenth = GATE_CALLS / 10;
    let nanos = |begin: Instant| begin.elapsed().as_nanos() as f64 / tenth as f64;
    for call in 1..=GATE_CALLS {
        if call == GATE_CALLS - tenth {
            begin = Instant::now();
        }
        let decision = gate.decide(Waiting::ALL, now);
        let Decision::Start(lane) = decision else {
            unreachable!("a million calls are a day's: {decision:?} at {call}");
        };
        gate.start(call, lane, Waiting::NONE.with(Priority::High), now);
        gate.finish(call, now);
        now = now.saturating_add(between);
        if call == tenth {
            measured.first_nanos = nanos(begin);
        }
        // Rarely, so that it does not affect the measurement.
        if call % tenth == 0 {
            measured.most_rows = measured.most_rows.max(gate.view(now).rows().len());
        }
    }
    measured.last_nanos = nanos(begin);
    measured
}
