//! The dashboard: for each target how much waits, for how long, what is started and what goes wrong; for the workflows
//! how their executions end.

use rampmeter_config::Target;
use rampmeter_dispatch::Priority;
use serde_json::{Value, json};

use super::function::METRICS;
use crate::deployment::Deployment;
use crate::document::{Template, pretty_json, sub};

/// Its logical id.
pub(crate) const ID: &str = "Dashboard";
/// Widgets in a row, and the grid they lie on.
const IN_A_ROW: u64 = 3;
const WIDTH: u64 = 8;
const HEIGHT: u64 = 6;

pub(crate) fn add(template: &mut Template, deployment: &Deployment<'_>) {
    let mut widgets = Vec::new();
    for target in deployment.workers() {
        widgets.extend(of_target(deployment, target));
    }
    let workflows = deployment.config().workflows.keys();
    let workflows: Vec<String> = workflows
        .map(|workflow| deployment.naming().staged(workflow))
        .collect();
    for (title, metrics) in [
        ("Executions that ended well", &["ExecutionsSucceeded"][..]),
        (
            "Executions that ended badly",
            &[
                "ExecutionsFailed",
                "ExecutionsTimedOut",
                "ExecutionsAborted",
            ],
        ),
        ("Executions that were throttled", &["ExecutionThrottled"]),
    ] {
        let machine = |workflow: &str| {
            format!(
                "arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{workflow}"
            )
        };
        let lines = workflows.iter().flat_map(|workflow| {
            metrics.iter().map(move |metric| {
                json!(["AWS/States", metric, "StateMachineArn", machine(workflow)])
            })
        });
        let lines: Vec<Value> = lines.collect();
        if !lines.is_empty() {
            widgets.push(widget(title, "Sum", &lines));
        }
    }
    for (at, widget) in widgets.iter_mut().enumerate() {
        let at = u64::try_from(at).unwrap_or_default();
        widget["x"] = (at % IN_A_ROW * WIDTH).into();
        widget["y"] = (at / IN_A_ROW * HEIGHT).into();
    }
    let body = json!({ "widgets": widgets });
    let text = pretty_json(&body);
    template.resource(
        ID,
        "",
        json!({
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": { "DashboardName": sub("${AWS::StackName}"), "DashboardBody": sub(text) },
        }),
    );
}

fn of_target(deployment: &Deployment<'_>, target: &Target) -> Vec<Value> {
    let naming = deployment.naming();
    let name = &target.name;
    let service = naming.staged(name);
    let queues = |metric: &str| -> Vec<Value> {
        Priority::ALL
            .iter()
            .map(|priority| {
                json!([
                    "AWS/SQS",
                    metric,
                    "QueueName",
                    naming.queue(name, *priority)
                ])
            })
            .collect()
    };
    let calls = |metric: &str| -> Vec<Value> {
        Priority::ALL
            .iter()
            .map(|priority| {
                json!([
                    METRICS,
                    metric,
                    "service",
                    service,
                    "Priority",
                    priority.as_str()
                ])
            })
            .collect()
    };
    let counts = |metrics: &[&str]| -> Vec<Value> {
        metrics
            .iter()
            .map(|metric| json!([METRICS, metric, "service", service]))
            .collect()
    };
    let worker = naming.worker(name);
    let mut trouble = counts(&["Throttle", "ForeignThrottle", "WriteConflict"]);
    trouble.push(json!(["AWS/Lambda", "Errors", "FunctionName", worker]));
    trouble.push(json!([
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        naming.dead_queue(name),
        { "stat": "Maximum", "label": "dead letters" },
    ]));
    vec![
        widget(
            &format!("{name}: calls that wait"),
            "Maximum",
            &queues("ApproximateNumberOfMessagesVisible"),
        ),
        widget(
            &format!("{name}: age of the oldest, in seconds"),
            "Maximum",
            &queues("ApproximateAgeOfOldestMessage"),
        ),
        widget(
            &format!("{name}: wait before the start, 95 of 100"),
            "p95",
            &calls("CallWait"),
        ),
        widget(
            &format!("{name}: calls started"),
            "Sum",
            &calls("CallStarted"),
        ),
        widget(
            &format!("{name}: calls that failed"),
            "Sum",
            &calls("CallFailed"),
        ),
        widget(&format!("{name}: what goes wrong"), "Sum", &trouble),
    ]
}

fn widget(title: &str, statistic: &str, metrics: &[Value]) -> Value {
    json!({
        "type": "metric",
        "x": 0,
        "y": 0,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "stat": statistic,
            "period": 60,
            "view": "timeSeries",
            "metrics": metrics,
        },
    })
}
