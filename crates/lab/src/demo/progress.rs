//! How far the run is, per priority, on standard error: bars on a terminal, a plain line every two seconds elsewhere.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rampmeter_dispatch::Priority;

const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Executions acknowledged, HIGH first.
    pub(crate) started: [u64; 3],
    /// Orders the vendor has done, HIGH first.
    pub(crate) done: [u64; 3],
    /// Calls in flight at the vendor.
    pub(crate) in_flight: u32,
}

/// Shows a run as it goes.
#[derive(Debug)]
pub(crate) struct Progress {
    planned: [u64; 3],
    begin: Instant,
    last_line: Option<(Instant, Counts)>,
    bars: Option<(MultiProgress, [ProgressBar; 3])>,
}

impl Progress {
    /// Begins to show a run of so many orders, HIGH first.
    pub(crate) fn new(planned: [u64; 3]) -> Progress {
        let bars = std::io::stderr().is_terminal().then(|| bars(planned));
        Progress {
            planned,
            begin: Instant::now(),
            last_line: None,
            bars,
        }
    }

    /// Shows how far it is now.
    pub(crate) fn show(&mut self, counts: &Counts) {
        if self.bars.is_some() {
            self.show_bars(counts);
        } else if self
            .last_line
            .is_none_or(|(last, _)| last.elapsed() >= BETWEEN_LINES)
        {
            self.print_line(counts);
        }
    }

    fn show_bars(&self, counts: &Counts) {
        let Some((_, bars)) = &self.bars else { return };
        for (priority, bar) in Priority::ALL.iter().zip(bars) {
            let started = counts.started[priority.index()];
            bar.set_position(counts.done[priority.index()]);
            bar.set_message(format!("{started} started"));
        }
    }

    fn print_line(&mut self, counts: &Counts) {
        self.last_line = Some((Instant::now(), *counts));
        self.say(&line(self.begin.elapsed(), &self.planned, counts));
    }

    /// A line of its own, between the bars or after them.
    pub(crate) fn say(&self, words: &str) {
        // A closed standard error must not end the run.
        let _ = match &self.bars {
            Some((bars, _)) => bars.println(words),
            None => writeln!(std::io::stderr().lock(), "{words}"),
        };
    }

    /// Shows the last standing, and leaves the bars there.
    pub(crate) fn end(&mut self, counts: &Counts) {
        if let Some((_, bars)) = &self.bars {
            self.show_bars(counts);
            bars.iter().for_each(ProgressBar::abandon);
        } else if self.last_line.is_none_or(|(_, shown)| shown != *counts) {
            self.print_line(counts);
        }
    }
}

fn bars(planned: [u64; 3]) -> (MultiProgress, [ProgressBar; 3]) {
    let all = MultiProgress::new();
    let template = "{prefix:>6} [{bar:40}] {pos:>6} of {len:<6} done, {msg}  {elapsed}";
    let style = ProgressStyle::with_template(template);
    let style = style
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    let bars = Priority::ALL.map(|priority| {
        let bar = all.add(ProgressBar::new(planned[priority.index()]));
        bar.set_style(style.clone());
        bar.with_prefix(priority.as_str())
    });
    (all, bars)
}

fn line(elapsed: Duration, planned: &[u64; 3], counts: &Counts) -> String {
    let mut line = format!("{:4} s ", elapsed.as_secs());
    for priority in Priority::ALL {
        let done = counts.done[priority.index()];
        let of = planned[priority.index()];
        // Writing to a String cannot fail.
        let _ = write!(line, "  {priority} {done} of {of}");
    }
    let _ = write!(line, "  in flight {}", counts.in_flight);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_names_every_priority_and_the_calls_in_flight() {
        let counts = Counts {
            started: [9, 9, 9],
            done: [1, 2, 3],
            in_flight: 15,
        };
        assert_eq!(
            line(Duration::from_secs(7), &[10, 20, 30], &counts),
            "   7 s   HIGH 1 of 10  MEDIUM 2 of 20  BATCH 3 of 30  in flight 15"
        );
    }
}
