//! `aws pause`, `aws resume`, `aws limit set` and `aws limit reset`: what a person orders of running workers.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use rampmeter_dispatch::Priority;
use rampmeter_orders::Given;
use rampmeter_terminal::output::OutputArguments;
use rampmeter_terminal::{Exit, Failure};
use serde_json::json;

use super::item;
use super::stack::{Stack, StackArguments};
use crate::cli::answer::print;

/// Options of `aws pause` and `aws resume`.
#[derive(Debug, Args)]
pub(crate) struct PauseArguments {
    /// Name of the target.
    target: String,
    /// Only this priority: HIGH, MEDIUM or BATCH.
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    #[command(flatten)]
    order: OrderArguments,
}

/// Commands of `aws limit`.
#[derive(Debug, Subcommand)]
pub(crate) enum LimitCommand {
    /// Lower a limit at once; only a deployment makes it higher than the configuration says.
    Set(SetArguments),
    /// Go back to what the configuration says.
    Reset(ResetArguments),
}

/// Options of `aws limit set`.
#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// The limit, as TARGET/LIMIT.
    limit: String,
    /// The most calls in flight, or in a window.
    max: u64,
    #[command(flatten)]
    order: OrderArguments,
}

/// Options of `aws limit reset`.
#[derive(Debug, Args)]
pub(crate) struct ResetArguments {
    /// The limit, as TARGET/LIMIT.
    limit: String,
    #[command(flatten)]
    order: OrderArguments,
}

#[derive(Debug, Args)]
struct OrderArguments {
    /// Why, for whoever looks at `aws status`.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    stack: StackArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `aws pause`.
pub(super) async fn pause(arguments: &PauseArguments) -> Result<(), Failure> {
    let stack = arguments.order.stack.open()?;
    let target = stack.target(&arguments.target)?;
    let given = given(&stack, &arguments.order.reason);
    let paused = |orders: &mut rampmeter_orders::Orders| {
        orders.pause(arguments.priority, given.clone());
        Ok(())
    };
    item::change(&stack, target, &paused).await?;
    let scope = scope(&target.name, arguments.priority);
    let told = format!("paused {scope}: drainers that run start nothing more; calls in flight end");
    let answer = json!({
        "schema": "rampmeter.aws-order/1", "order": "pause", "scope": scope, "by": given.by,
        "reason": given.reason,
    });
    print(&arguments.order.output, &answer, &scope, &told)
}

/// Runs `aws resume`.
pub(super) async fn resume(arguments: &PauseArguments) -> Result<(), Failure> {
    let stack = arguments.order.stack.open()?;
    let target = stack.target(&arguments.target)?;
    let scope = scope(&target.name, arguments.priority);
    let resumed = |orders: &mut rampmeter_orders::Orders| {
        if orders.resume(arguments.priority) {
            return Ok(());
        }
        let what = format!("{scope} is not paused");
        Err(Failure::new("RM3042", Exit::Failed, what).with_help("rampmeter aws status"))
    };
    item::change(&stack, target, &resumed).await?;
    let told =
        format!("resumed {scope}: within a second where a drainer runs, else within half a minute");
    let answer = json!({ "schema": "rampmeter.aws-order/1", "order": "resume", "scope": scope });
    print(&arguments.order.output, &answer, &scope, &told)
}

/// Runs a command of `aws limit`.
pub(super) async fn limit(command: &LimitCommand) -> Result<(), Failure> {
    let (named, max, order) = match command {
        LimitCommand::Set(set) => (&set.limit, Some(set.max), &set.order),
        LimitCommand::Reset(reset) => (&reset.limit, None, &reset.order),
    };
    let Some((target, name)) = named.split_once('/') else {
        let what = format!("{named:?} is not a limit");
        return Err(Failure::new("RM4021", Exit::Usage, what)
            .with_help("name it as TARGET/LIMIT, as rampmeter aws status does"));
    };
    let stack = order.stack.open()?;
    let target = stack.target(target)?;
    let given = given(&stack, &order.reason);
    let limits = &target.rules.limits;
    let configured = limits.iter().find(|limit| limit.name == name);
    let configured = configured.map(rampmeter_dispatch::Limit::max);
    let changed = |orders: &mut rampmeter_orders::Orders| {
        let max = max.or(configured).unwrap_or_default();
        let lowered = orders.lower(&target.rules, name, max, given.clone());
        lowered.map_err(|refused| {
            Failure::new("RM3042", Exit::Failed, refused.to_string())
                .with_help("rampmeter aws status shows the limits")
        })
    };
    item::change(&stack, target, &changed).await?;
    let (configured, max) = (configured.unwrap_or_default(), max.or(configured));
    let max = max.unwrap_or_default();
    let mut told = format!("{named}  {max}");
    if max < configured {
        told +=
            &format!("\n  the configuration says {configured}: rampmeter aws limit reset {named}");
    }
    let answer = json!({
        "schema": "rampmeter.aws-order/1", "order": "limit", "scope": named, "max": max,
        "configured": configured, "by": given.by, "reason": given.reason,
    });
    print(&order.output, &answer, named, &told)
}

/// An order in the name of whoever runs this.
fn given(stack: &Stack, reason: &str) -> Given {
    let user = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let by = match user {
        Some(user) => format!("{user} ({})", stack.client.key()),
        None => stack.client.key().to_owned(),
    };
    Given::new(Timestamp::now().as_millisecond(), &by, reason)
}

/// `netsuite`, or `netsuite/BATCH`.
fn scope(target: &str, priority: Option<Priority>) -> String {
    match priority {
        Some(priority) => format!("{target}/{priority}"),
        None => target.to_owned(),
    }
}

fn priority(text: &str) -> Result<Priority, String> {
    let named = Priority::ALL
        .into_iter()
        .find(|priority| priority.as_str() == text);
    named.ok_or_else(|| "it must be HIGH, MEDIUM or BATCH".to_owned())
}
