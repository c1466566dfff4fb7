//! The language: transitions a second of the interpreter alone, and Maps of growing size through the engine, whose time
//! for each item must not grow. Both in JSONPath and in JSONata.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rampmeter_asl::{
    Context, Effort, Frame, Payload, Progress, Reach, StateMachine, Status, Stimulus, advance,
};
use rampmeter_config::Config;
use rampmeter_engine::{
    CreateStateMachine, Engine, ExecutionStatus, MachineKind, Options, Settings, StartExecution,
};
use serde::Serialize;
use serde_json::{Value, json};

/// Transitions of one measurement of the interpreter.
const TRANSITIONS: u32 = 20_000;
/// The largest inline Map: each of its items makes four events, and a history has at most 25,000.
const MAX_INLINE_ITEMS: u32 = 5_000;
/// The time between two checks whether a Map has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    /// States entered a second by the interpreter alone: nine Pass states and a Choice, in a loop.
    transitions_per_second: BTreeMap<&'static str, f64>,
    /// Maps through the engine, the smallest first.
    maps: Vec<Map>,
}

#[derive(Debug, Serialize)]
struct Map {
    language: &'static str,
    mode: &'static str,
    items: u32,
    micros_per_item: f64,
}

#[derive(Clone, Copy)]
enum Language {
    JsonPath,
    Jsonata,
}

impl Language {
    const ALL: [Language; 2] = [Language::JsonPath, Language::Jsonata];

    fn name(self) -> &'static str {
        match self {
            Language::JsonPath => "JSONPath",
            Language::Jsonata => "JSONata",
        }
    }
}

impl Measured {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec!["Language".to_owned()];
        for (language, rate) in &self.transitions_per_second {
            lines.push(format!(
                "  {language:<9} {rate:>9.0} transitions a second, the interpreter alone"
            ));
        }
        for map in &self.maps {
            lines.push(format!(
                "  {:<9} {:>9.1} µs an item in a Map of {} items, {}",
                map.language, map.micros_per_item, map.items, map.mode
            ));
        }
        lines.join("\n")
    }
}

/// Measures with Maps of up to so many items, in a directory of its own.
///
/// # Errors
/// When the engine cannot be opened, or an execution does not succeed.
pub(super) async fn measure(directory: &Path, most_items: u32) -> Result<Measured, String> {
    let rates = Language::ALL.map(|language| (language.name(), transitions_per_second(language)));
    let engine = open(directory)?;
    let mut maps = Vec::new();
    for mode in ["INLINE", "DISTRIBUTED"] {
        for language in Language::ALL {
            for items in [100, 1_000, 10_000] {
                let most = if mode == "INLINE" {
                    MAX_INLINE_ITEMS
                } else {
                    most_items
                };
                let items = items.min(most).min(most_items);
                let taken = map(&engine, mode, language, items).await?;
                maps.push(Map {
                    language: language.name(),
                    mode: if mode == "INLINE" {
                        "inline"
                    } else {
                        "distributed"
                    },
                    items,
                    micros_per_item: taken.as_secs_f64() * 1e6 / f64::from(items),
                });
            }
        }
    }
    engine.shut_down().await;
    Ok(Measured {
        transitions_per_second: rates.into_iter().collect(),
        maps,
    })
}

fn open(directory: &Path) -> Result<Engine, String> {
    let mut config = Config::default();
    config.server.data_dir = directory.join("language");
    Engine::open(Options {
        config,
        runtime: tokio::runtime::Handle::current(),
        free_slots_after_restart: false,
        set_clock_back: Duration::ZERO,
        sdk: None,
    })
    .map_err(|error| error.to_string())
}

/// A Map of so many numbers, from its start to its end.
async fn map(
    engine: &Engine,
    mode: &str,
    language: Language,
    items: u32,
) -> Result<Duration, String> {
    let name = format!("{}-{mode}-{items}", language.name());
    let created = engine
        .state_machines()
        .create_state_machine(CreateStateMachine {
            name: name.clone(),
            definition: map_definition(mode, language).to_string(),
            role_arn: "arn:aws:iam::000000000000:role/bench".to_owned(),
            kind: MachineKind::Standard,
            settings: Settings::default(),
            tags: BTreeMap::new(),
            publish: None,
        })
        .await
        .map_err(|error| error.to_string())?;
    let numbers: Vec<u32> = (0..items).map(|number| number % 10).collect();
    let begin = Instant::now();
    let started = engine
        .executions()
        .start_execution(StartExecution {
            state_machine_arn: created.arn,
            name: None,
            input: json!(numbers).to_string(),
        })
        .await
        .map_err(|error| error.to_string())?;
    loop {
        let found = engine
            .executions()
            .describe_execution(&started.execution_arn)
            .await
            .map_err(|error| error.to_string())?;
        match found.summary.status {
            ExecutionStatus::Succeeded => return Ok(begin.elapsed()),
            ExecutionStatus::Running => tokio::time::sleep(POLL_INTERVAL).await,
            other => return Err(format!("the Map {name} ended with {other:?}")),
        }
    }
}

fn map_definition(mode: &str, language: Language) -> Value {
    let item = match language {
        Language::JsonPath => {
            json!({"Type": "Pass", "Parameters": {"twice.$": "States.MathAdd($, $)"}, "End": true})
        }
        Language::Jsonata => {
            json!({"Type": "Pass", "Output": {"twice": "{% $states.input * 2 %}"}, "End": true})
        }
    };
    let config = match mode {
        "INLINE" => json!({"Mode": "INLINE"}),
        _ => json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}),
    };
    json!({
        "QueryLanguage": language.name(),
        "StartAt": "Each",
        "States": {"Each": {
            "Type": "Map",
            "ItemProcessor": {"ProcessorConfig": config, "StartAt": "Item", "States": {"Item": item}},
            "End": true,
        }},
    })
}

/// Nine Pass states that each change the data, and a Choice that leads back to the first.
fn loop_definition(language: Language) -> Value {
    let mut states = serde_json::Map::new();
    for number in 0..9 {
        let next = format!("S{}", number + 1);
        let state = match language {
            Language::JsonPath => json!({"Type": "Pass", "Next": next, "Parameters": {
                "count.$": "States.MathAdd($.count, 1)", "text.$": "$.text",
            }}),
            Language::Jsonata => json!({"Type": "Pass", "Next": next, "Output": {
                "count": "{% $states.input.count + 1 %}", "text": "{% $states.input.text %}",
            }}),
        };
        states.insert(format!("S{number}"), state);
    }
    // A graph needs a state that ends it, even if nothing leads there.
    let choices = match language {
        Language::JsonPath => json!([
            {"Variable": "$.count", "NumericGreaterThan": 0, "Next": "S0"},
            {"Variable": "$.count", "NumericEquals": -1, "Next": "Done"},
        ]),
        Language::Jsonata => json!([
            {"Condition": "{% $states.input.count > 0 %}", "Next": "S0"},
            {"Condition": "{% $states.input.count = -1 %}", "Next": "Done"},
        ]),
    };
    states.insert(
        "S9".to_owned(),
        json!({"Type": "Choice", "Choices": choices, "Default": "S0"}),
    );
    states.insert("Done".to_owned(), json!({"Type": "Succeed"}));
    json!({"QueryLanguage": language.name(), "StartAt": "S0", "States": states})
}

fn transitions_per_second(language: Language) -> f64 {
    let machine =
        StateMachine::parse(&loop_definition(language).to_string()).expect("a sound definition");
    let mut entered = 0;
    let begin = Instant::now();
    // A history ends at 25,000 events, two for each state: so several executions.
    while entered < TRANSITIONS {
        entered += run(&machine, 10_000);
    }
    f64::from(entered) / begin.elapsed().as_secs_f64()
}

/// Runs one execution for so many states, 64 at a time as the engine does. Returns how many it entered.
fn run(machine: &StateMachine, states: u32) -> u32 {
    let input = Payload::from_value(json!({"count": 0, "text": "a customer and an order"}));
    let (mut progress, mut frame) = (Progress::default(), Frame::root());
    let mut stimulus = Stimulus::Start {
        input: input.clone(),
    };
    let mut entered = 0;
    while entered < states {
        let mut context = Context {
            now: 0,
            region: "us-east-1",
            execution_arn: "arn:aws:states:us-east-1:000000000000:execution:bench:bench",
            execution_name: "bench",
            role_arn: "arn:aws:iam::000000000000:role/bench",
            started_at: 0,
            redrive_count: 0,
            redriven_at: None,
            machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:bench",
            machine_name: "bench",
            execution_input: &|| input.clone(),
            parent: &|_| None,
            results: &Vec::new,
            activity_exists: &|_| false,
            task_token: &|_| String::new(),
            random: &mut || 4,
            transitions: 64,
            effort: &Effort::of(Reach::Brief),
        };
        let step = advance(machine, &mut progress, &mut frame, stimulus, &mut context)
            .expect("the frame waits to go on");
        assert_eq!(step.status, Status::Yielded, "the loop has no end");
        entered += 64;
        stimulus = Stimulus::Continue;
    }
    entered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_map_of_the_benchmark_succeeds() {
        let directory = tempfile::tempdir().expect("a directory");
        let measured = measure(directory.path(), 20).await.expect("it is measured");
        assert_eq!(measured.maps.len(), 12);
        assert!(measured.text().contains("JSONata"));
    }
}
