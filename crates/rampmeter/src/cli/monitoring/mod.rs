//! What a monitoring system needs besides `/metrics`: `rules` prints alert rules for Prometheus, `grafana` a dashboard.
//! Both are made from the `[slo]` of a configuration, and judge as `health` does.

mod grafana;
mod rules;

use std::path::PathBuf;

use clap::Args;
use rampmeter_config::Config;
use rampmeter_terminal::output::{self, Color};
use rampmeter_terminal::{Exit, Failure};

/// Options of both.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The configuration whose objectives they judge by.
    #[arg(long, default_value = "rampmeter.toml")]
    config: PathBuf,
}

/// Runs `rules`.
pub(super) fn run_rules(arguments: &Arguments, color: Color) -> Result<(), Failure> {
    Ok(output::data(
        rules::of(&read(arguments, color)?.slo).trim_end(),
    )?)
}

/// Runs `grafana`.
pub(super) fn run_grafana(arguments: &Arguments, color: Color) -> Result<(), Failure> {
    Ok(output::json(&grafana::of(&read(arguments, color)?.slo))?)
}

fn read(arguments: &Arguments, color: Color) -> Result<Config, Failure> {
    let color = color.for_stderr();
    let environment = |name: &str| std::env::var(name).ok();
    Config::load(&arguments.config, &environment).map_err(|report| Failure::Report {
        text: report.render(color),
        exit: Exit::Usage,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use rampmeter_config::Slo;
    use rampmeter_dispatch::Priority;

    use super::*;

    /// The documentation of each metric.
    const METRICS: &str = include_str!("../../../../../docs/metrics.md");

    fn objectives() -> BTreeMap<Priority, Slo> {
        let slo = Slo {
            wait_p95: Some(Duration::from_millis(1_500)),
            oldest: Some(Duration::from_secs(30)),
        };
        BTreeMap::from([(Priority::High, slo)])
    }

    /// The names of metrics in a text, without what a histogram adds to them.
    fn names(text: &str) -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let names =
            words.filter(|word| word.starts_with("rampmeter_") || word.starts_with("process_"));
        names
            .map(|name| name.trim_end_matches("_bucket").to_owned())
            .collect()
    }

    #[test]
    fn whatever_is_asked_for_is_a_metric_that_is_served() {
        let served = names(METRICS);
        let mut asked = names(&rules::of(&objectives()));
        asked.extend(names(&grafana::of(&objectives()).to_string()));
        assert!(asked.len() > 12, "{asked:?}");
        let unknown: Vec<_> = asked.difference(&served).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn an_objective_is_a_rule_and_a_line_and_without_one_there_is_none() {
        let rules = rules::of(&objectives());
        assert!(
            rules.contains(r#"rampmeter_oldest_waiting_seconds{priority=\"HIGH\"}) > 30"#),
            "{rules}"
        );
        assert!(rules.contains(") > 1.5"), "{rules}");
        assert!(!rules.contains("MEDIUM"), "{rules}");
        let none = rules::of(&BTreeMap::new());
        assert!(
            !none.contains("oldest_waiting") && none.contains("RampmeterTargetClosed"),
            "{none}"
        );
    }

    #[test]
    fn every_rule_asks_something_and_says_what_to_do() {
        let rules = rules::of(&objectives());
        let count = |what: &str| {
            rules
                .lines()
                .filter(|line| line.trim_start().starts_with(what))
                .count()
        };
        assert_eq!(count("- alert: "), 9);
        assert_eq!((count("expr: \""), count("next: \"")), (9, 9));
    }
}
