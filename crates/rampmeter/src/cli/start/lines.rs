//! `start --lines`: one execution for each line of a file or of standard input, a bounded number at a time. The
//! input is read as it is needed, so it may be longer than memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rampmeter_terminal::output::{self, Format};
use rampmeter_terminal::{Exit, Failure};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cli::follow::{self, Deadline};
use crate::cli::start::{Started, print_started, start, unreadable};
use crate::client::{Client, ClientError};

/// Requests in flight at once.
const AT_ONCE: usize = 32;

/// Failures that are printed one by one; the rest are only counted.
const TOLD: u64 = 10;

/// What to start.
#[derive(Debug)]
pub(crate) struct Plan {
    /// ARN of the workflow.
    pub(crate) workflow: String,
    /// File with the inputs, or `-`.
    pub(crate) input: String,
    /// The prefix of the names of the executions.
    pub(crate) name: Option<String>,
}

/// Starts an execution for each line; with `wait`, waits until all have ended.
pub(crate) async fn run(
    client: &Client,
    plan: Plan,
    wait: Option<Deadline>,
    format: Format,
) -> Result<(), Failure> {
    let plan = Arc::new(plan);
    let mut tally = Tally::new();
    let started = start_all(client, &plan, &mut tally, |started| {
        if wait.is_some() {
            Ok(())
        } else {
            print_started(started, line_format(format))
        }
    })
    .await?;
    if let Some(deadline) = wait {
        wait_for_all(client, started, deadline, &mut tally, line_format(format)).await?;
    }
    tally.finish(wait.is_some())
}

/// Many items cannot be one JSON object, since each is written as it comes.
fn line_format(format: Format) -> Format {
    match format {
        Format::Json => Format::Jsonl,
        other => other,
    }
}

async fn start_all(
    client: &Client,
    plan: &Arc<Plan>,
    tally: &mut Tally,
    print: impl Fn(&Started) -> io::Result<()>,
) -> Result<Vec<Started>, Failure> {
    let mut lines = read_lines(plan.input.clone());
    let mut running = JoinSet::new();
    let mut started = Vec::new();
    while let Some(line) = lines.recv().await {
        let (number, input) = line.map_err(|why| unreadable(&plan.input, &why))?;
        if running.len() >= AT_ONCE {
            take_start(running.join_next().await, &mut started, tally, &print)?;
        }
        let (client, plan) = (client.clone(), Arc::clone(plan));
        running.spawn(async move {
            let name = plan.name.as_ref().map(|name| format!("{name}-{number}"));
            let answer = start(&client, &plan.workflow, name.as_deref(), &input).await;
            (number, answer)
        });
    }
    while !running.is_empty() {
        take_start(running.join_next().await, &mut started, tally, &print)?;
    }
    Ok(started)
}

type StartAnswer = Result<(u64, Result<Started, ClientError>), tokio::task::JoinError>;

fn take_start(
    answer: Option<StartAnswer>,
    started: &mut Vec<Started>,
    tally: &mut Tally,
    print: &impl Fn(&Started) -> io::Result<()>,
) -> Result<(), Failure> {
    match answer {
        Some(Ok((_, Ok(one)))) => {
            print(&one)?;
            started.push(one);
            tally.started();
            Ok(())
        }
        Some(Ok((number, Err(ClientError::Refused(refusal))))) => {
            tally.failed(&format!(
                "line {number}: {}: {}",
                refusal.name, refusal.message
            ));
            Ok(())
        }
        Some(Ok((_, Err(ClientError::Failure(failure))))) => Err(failure),
        Some(Err(why)) => Err(Failure::new("RM2013", Exit::Failed, why.to_string())),
        None => Ok(()),
    }
}

/// Waits for the oldest first; at most `AT_ONCE` are asked about at a time.
async fn wait_for_all(
    client: &Client,
    started: Vec<Started>,
    deadline: Deadline,
    tally: &mut Tally,
    format: Format,
) -> Result<(), Failure> {
    tally.wait_for(started.len());
    let mut running = JoinSet::new();
    let mut rest = started.into_iter();
    loop {
        while running.len() < AT_ONCE {
            let Some(one) = rest.next() else { break };
            let client = client.clone();
            running.spawn(async move {
                follow::until_ended(&client, &one.execution_arn, deadline).await
            });
        }
        let Some(ended) = running.join_next().await else {
            return Ok(());
        };
        let ended =
            ended.map_err(|why| Failure::new("RM2013", Exit::Failed, why.to_string()))??;
        match format {
            Format::Table => {}
            format => follow::print_ended(&ended, format)?,
        }
        if follow::succeeded(&ended) {
            tally.succeeded();
        } else {
            tally.failed(&format!("{} {}", ended["executionArn"], ended["status"]));
        }
    }
}

/// The lines that are not blank, with their numbers from 1, read by a thread that stays a little ahead.
fn read_lines(input: String) -> mpsc::Receiver<io::Result<(u64, String)>> {
    let (sender, receiver) = mpsc::channel(AT_ONCE);
    std::thread::spawn(move || {
        let lines: Box<dyn Iterator<Item = io::Result<String>>> = if input == "-" {
            Box::new(io::stdin().lines())
        } else {
            match File::open(&input) {
                Ok(file) => Box::new(BufReader::new(file).lines()),
                Err(why) => Box::new(std::iter::once(Err(why))),
            }
        };
        for (number, line) in (1..).zip(lines) {
            if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
                continue;
            }
            let failed = line.is_err();
            if sender
                .blocking_send(line.map(|line| (number, line)))
                .is_err()
                || failed
            {
                return;
            }
        }
    });
    receiver
}

/// How many executions started, succeeded and failed, and the bar that shows it on a terminal.
#[derive(Debug)]
struct Tally {
    bar: ProgressBar,
    started: u64,
    succeeded: u64,
    failed: u64,
}

impl Tally {
    fn new() -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {pos} · {per_sec}") {
            bar.set_style(style);
        }
        bar.set_message("started");
        Self {
            bar,
            started: 0,
            succeeded: 0,
            failed: 0,
        }
    }

    fn started(&mut self) {
        self.started += 1;
        self.bar.inc(1);
    }

    fn wait_for(&mut self, count: usize) {
        self.bar.reset();
        self.bar.set_length(count as u64);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} · {eta} left")
        {
            self.bar.set_style(style);
        }
        self.bar.set_message("ended");
    }

    fn succeeded(&mut self) {
        self.succeeded += 1;
        self.bar.inc(1);
    }

    fn failed(&mut self, why: &str) {
        self.failed += 1;
        self.bar.inc(1);
        if self.failed <= TOLD {
            self.bar.suspend(|| output::note(why));
        }
    }

    fn finish(self, waited: bool) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let Self {
            started,
            succeeded,
            failed,
            ..
        } = self;
        output::note(&if waited {
            format!("{started} started, {succeeded} succeeded, {failed} failed")
        } else {
            format!("{started} started, {failed} failed")
        });
        if failed == 0 {
            Ok(())
        } else {
            Err(Failure::Reported(Exit::Failed))
        }
    }
}
