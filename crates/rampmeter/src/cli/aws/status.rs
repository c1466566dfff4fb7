//! `aws status`: what each target is doing, what holds its lanes, what was ordered, and how much waits. It asks the
//! table and the queues; the code that decides in the worker also says why a lane does not start.

use clap::Args;
use jiff::Timestamp;
use rampmeter_config::Target;
use rampmeter_dispatch::{Explanation, Position, Priority, Time, Waiting};
use rampmeter_orders::Given;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::OutputArguments;
use serde_json::{Value, json};

use super::item::{self, Item};
use super::stack::{Stack, StackArguments};
use crate::cli::answer::print;
use crate::client::on_aws::SQS;

/// Options of `aws status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Only this target.
    target: Option<String>,
    #[command(flatten)]
    stack: StackArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `aws status`.
pub(super) async fn run(arguments: &StatusArguments) -> Result<(), Failure> {
    let stack = arguments.stack.open()?;
    let targets: Vec<&Target> = match &arguments.target {
        Some(name) => vec![stack.target(name)?],
        None => stack.targets().collect(),
    };
    let now = Time::from_millis(Timestamp::now().as_millisecond());
    let (mut values, mut lines) = (Vec::new(), Vec::new());
    for target in targets {
        let status = TargetStatus::of(&stack, target, now).await?;
        values.push(status.json());
        lines.extend(status.lines(now));
    }
    let answer = json!({ "schema": "rampmeter.aws-status/1", "targets": values });
    print(&arguments.output, &answer, "", &lines.join("\n"))
}

/// What is known of one target.
struct TargetStatus<'a> {
    target: &'a Target,
    item: Item,
    lanes: Vec<LaneStatus>,
    dead: Option<u64>,
}

/// What is known of one lane.
struct LaneStatus {
    priority: Priority,
    /// Messages that can be received; `None` if the queue cannot be asked.
    visible: Option<u64>,
    /// Messages that somebody has, or that are hidden for a while.
    hidden: Option<u64>,
    /// What holds a call that waits there.
    held: Explanation,
}

impl<'a> TargetStatus<'a> {
    async fn of(stack: &Stack, target: &'a Target, now: Time) -> Result<TargetStatus<'a>, Failure> {
        let item = item::read(stack, target).await?;
        let mut lanes = Vec::new();
        for priority in Priority::ALL {
            let [visible, hidden] = depth(stack, target, Some(priority)).await?;
            lanes.push(LaneStatus {
                priority,
                visible,
                hidden,
                held: held(target, &item, priority, now),
            });
        }
        let [dead, _] = depth(stack, target, None).await?;
        Ok(TargetStatus {
            target,
            item,
            lanes,
            dead,
        })
    }

    fn json(&self) -> Value {
        let time = |given: &Given| {
            Timestamp::from_millisecond(given.at)
                .ok()
                .map(|at| at.to_string())
        };
        let orders = &self.item.orders;
        let pauses = orders.pauses().iter().map(|pause| {
            json!({
                "priority": pause.lane, "by": pause.given.by, "at": time(&pause.given),
                "reason": pause.given.reason,
            })
        });
        let limits = self.target.rules.limits.iter().map(|limit| {
            let lower = orders
                .limits()
                .iter()
                .find(|lower| lower.name == limit.name);
            json!({
                "name": limit.name, "configured": limit.max(),
                "max": lower.map_or(limit.max(), |lower| lower.max.min(limit.max())),
                "reason": lower.map(|lower| &lower.given.reason),
                "by": lower.map(|lower| &lower.given.by),
            })
        });
        let now = Time::from_millis(Timestamp::now().as_millisecond());
        let lanes = self.lanes.iter().map(|lane| {
            json!({
                "priority": lane.priority, "visible": lane.visible, "hidden": lane.hidden,
                "held_by": lane.held.words(now),
            })
        });
        json!({
            "name": self.target.name,
            "in_flight": self.item.state.permits.len(),
            "dead_letters": self.dead,
            "pauses": pauses.collect::<Vec<_>>(),
            "limits": limits.collect::<Vec<_>>(),
            "lanes": lanes.collect::<Vec<_>>(),
        })
    }

    fn lines(&self, now: Time) -> Vec<String> {
        let mut lines = vec![format!(
            "{}  {} in flight, {} dead letters",
            self.target.name,
            self.item.state.permits.len(),
            count(self.dead)
        )];
        for lane in &self.lanes {
            lines.push(format!(
                "  {:<6}  {} visible, {} hidden: {}",
                lane.priority.as_str(),
                count(lane.visible),
                count(lane.hidden),
                lane.held.words(now)
            ));
        }
        for lower in self.item.orders.limits() {
            let (name, max) = (&lower.name, lower.max);
            lines.push(format!(
                "  {name} lowered to {max} by {}",
                in_words(&lower.given)
            ));
        }
        for pause in self.item.orders.pauses() {
            let what = pause.lane.map_or("all", |lane| lane.as_str());
            lines.push(format!("  {what} paused by {}", in_words(&pause.given)));
        }
        lines
    }
}

/// What holds the first call of a lane, with the reason of whoever paused it.
fn held(target: &Target, item: &Item, priority: Priority, now: Time) -> Explanation {
    let rules = item.orders.rules(&target.rules.clone().shared());
    let mut gate = item.state.gate(&rules, now);
    item.orders.hold(&mut gate);
    gate.release_holds(now);
    let view = gate.view(now);
    let waiting = Waiting::NONE.with(priority);
    let held = view.explanation(Position::first(priority), waiting, None);
    match item.orders.pause_of(priority) {
        Some(pause) => {
            held.with_reason(&pause.given.reason, Some(Time::from_millis(pause.given.at)))
        }
        None => held,
    }
}

/// How many messages of a lane, or dead letters, can be received, and how many are hidden; `None` where there is no
/// such queue.
async fn depth(
    stack: &Stack,
    target: &Target,
    priority: Option<Priority>,
) -> Result<[Option<u64>; 2], Failure> {
    let named = json!({ "QueueName": stack.queue(target, priority) });
    let url = match stack.client.call(SQS, "GetQueueUrl", &named).await {
        Ok(answer) => answer["QueueUrl"].clone(),
        Err(error) if error.name().contains("QueueDoesNotExist") => return Ok([None, None]),
        Err(error) => return Err(error.into()),
    };
    let names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    ];
    let input = json!({ "QueueUrl": url, "AttributeNames": names });
    let answer = stack.client.call(SQS, "GetQueueAttributes", &input).await?;
    Ok(names.map(|name| answer["Attributes"][name].as_str()?.parse().ok()))
}

fn count(count: Option<u64>) -> String {
    count.map_or("?".to_owned(), |count| count.to_string())
}

fn in_words(given: &Given) -> String {
    let at = Timestamp::from_millisecond(given.at).map_or(String::new(), |at| format!(", {at:.0}"));
    match given.reason.as_str() {
        "" => format!("{}{at}", given.by),
        reason => format!("{}{at}: {reason}", given.by),
    }
}
