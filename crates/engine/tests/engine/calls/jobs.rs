//! Calls that the vendor accepts and works on in the background: they are polled, never sent again, and end with the
//! result of the job.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::vendor::Seen;
use crate::support::{ONE_CALL, Reply, Vendor, ended, open, order, start, until};
use rampmeter_config::Config;
use rampmeter_engine::{Engine, ExecutionStatus, StopExecution};
use serde_json::{Value, json};

const JOB: &str = "/services/rest/async/v1/job/";

/// A target of NetSuite's preset whose jobs are polled all the time.
fn config(directory: &Path, vendor: &Vendor, target: &str, definition: &str) -> Config {
    let jobs = "jobs = { kind = \"netsuite\", initial = \"10ms\", max = \"20ms\", give_up = \"30s\" }\n\
         retry = { max_attempts = 3, initial = \"10ms\", max = \"20ms\" }\n";
    let text = format!(
        "version = 1\n[server]\ndata_dir = {directory:?}\ndrain_timeout = \"5s\"\n\
         [targets.erp]\npreset = \"netsuite\"\nbase_url = \"http://{}\"\n{jobs}{target}\n\
         [workflows.order]\ndefinition = \"order.asl.json\"\n",
        vendor.address(),
    );
    let definition = definition.to_owned();
    let parsed = Config::parse(&text, Path::new("rampmeter.toml"), &|_| None, &move |_| {
        Ok(definition.clone())
    });
    match parsed {
        Ok(config) => config,
        Err(report) => panic!("{report}"),
    }
}

fn accepted(job: usize) -> Reply {
    Reply::json(202, "{}").with("location", &format!("{JOB}{job}"))
}

fn body(value: &Value) -> Reply {
    Reply::json(200, &value.to_string())
}

/// What a vendor whose jobs end this way answers to a poll: of the ended job, of its tasks, of its result.
fn at_end(seen: &Seen, well: bool, result: Reply) -> Reply {
    if seen.path.ends_with("/result") {
        return result;
    }
    if seen.path.ends_with("/task") {
        return body(&json!({"items": [{"id": "1"}], "hasMore": false}));
    }
    let word = if well { "succeeded" } else { "failed" };
    body(&json!({"completed": true, "progress": word}))
}

fn goes_on() -> Reply {
    body(&json!({"completed": false, "progress": "processing"}))
}

/// A vendor that makes a job of every POST; `looks` decides the answer to a poll, by how many polls there were.
async fn vendor(looks: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Arc<Vendor> {
    let (posts, looked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Vendor::start(move |seen| match seen.method.as_str() {
        "POST" => accepted(posts.fetch_add(1, Ordering::SeqCst)),
        _ => looks(seen, looked.fetch_add(1, Ordering::SeqCst)),
    })
    .await
}

fn posts(vendor: &Vendor) -> usize {
    let seen = vendor.seen();
    seen.iter().filter(|seen| seen.method == "POST").count()
}

/// The result of a job that created something.
fn created() -> Reply {
    Reply::json(201, r#"{"id":"5"}"#).with("x-of", "the task")
}

async fn looked_at(engine: &Engine, times: u32) {
    until(async || {
        let calls = engine
            .calls()
            .list_calls(10)
            .await
            .expect("the engine runs");
        let job = calls.first()?.job.as_ref()?;
        (job.polls >= times).then_some(())
    })
    .await;
}

async fn run(target: &str, vendor: &Arc<Vendor>) -> (Option<String>, Option<String>) {
    let directory = tempfile::tempdir().expect("as planned");
    let engine = open(&config(directory.path(), vendor, target, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert!(
        engine
            .calls()
            .list_calls(10)
            .await
            .expect("as planned")
            .is_empty()
    );
    (ended.output, ended.error)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_call_ends_with_the_result_of_its_job() {
    let vendor = vendor(|seen, looked| match looked {
        0..3 => goes_on(),
        _ => at_end(seen, true, created()),
    })
    .await;
    let (output, error) = run("", &vendor).await;

    assert_eq!(error, None);
    let output: Value = serde_json::from_str(&output.unwrap()).unwrap();
    assert_eq!(output, json!({"status": 201, "body": {"id": "5"}}));
    let seen = vendor.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    let job = format!("{JOB}0");
    let (tasks, result) = (format!("{job}/task"), format!("{job}/task/1/result"));
    assert_eq!(
        paths,
        ["/orders/SO-1", &job, &job, &job, &job, &tasks, &result]
    );
    assert!(seen[1].header("x-netsuite-idempotency-key").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_fails_its_task_with_the_status_of_the_result() {
    let refusal = || {
        let details = json!([{"o:errorCode": "INVALID_CONTENT", "detail": "no such item"}]);
        body(&json!({"status": 400, "o:errorDetails": details}))
    };
    let vendor = vendor(move |seen, _| at_end(seen, false, refusal())).await;
    let (output, _) = run("", &vendor).await;
    let output: Value = serde_json::from_str(&output.unwrap()).unwrap();
    assert_eq!(output["error"], "Http.StatusCode.400");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_a_status_fails_under_a_name_of_its_own() {
    let vendor = vendor(|seen, _| at_end(seen, false, body(&json!({"why": "x"})))).await;
    let (_, error) = run("", &vendor).await;
    assert_eq!(error.as_deref(), Some("Rampmeter.JobFailed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_the_vendor_does_not_know_any_more_ends_as_unknown() {
    let vendor = vendor(|_, looked| match looked {
        0 => goes_on(),
        _ => Reply::json(404, "{}"),
    })
    .await;
    let (_, error) = run("", &vendor).await;
    assert_eq!(error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    assert_eq!(posts(&vendor), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_after_a_lost_202_is_a_success_by_reference() {
    let first = AtomicUsize::new(0);
    let vendor = Vendor::start(move |seen| match seen.method.as_str() {
        "POST" if first.fetch_add(1, Ordering::SeqCst) == 0 => Reply::Cut,
        "POST" => Reply::json(
            400,
            r#"{"title":"Conflict","o:errorDetails":[{"o:errorCode":"IDEMPOTENCY_ERROR"}]}"#,
        )
        .with("location", &format!("{JOB}9")),
        _ => at_end(seen, true, created()),
    })
    .await;
    // The call does not ask for a job itself (`Prefer: respond-async`), so the target has to say that it may be
    // repeated.
    let target = "timeout = \"2s\"\nhold_after_timeout = \"100ms\"\non_unknown = \"retry\"";
    let (output, error) = run(target, &vendor).await;
    assert_eq!(error, None);
    assert!(output.unwrap().contains("201"));
    let seen = vendor.seen();
    let key = |seen: &Seen| seen.header("x-netsuite-idempotency-key").map(str::to_owned);
    assert_eq!(key(&seen[0]), key(&seen[1]));
    assert_eq!(posts(&vendor), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_fail_or_are_throttled_are_made_again_and_the_call_is_not() {
    let vendor = vendor(|seen, looked| match looked {
        0 => Reply::json(503, "{}").with("retry-after", "0"),
        1 => Reply::Cut,
        2 => Reply::json(500, "{}"),
        3 => goes_on(),
        4..9 => Reply::json(500, "{}"),
        _ => at_end(seen, true, created()),
    })
    .await;
    let target = "timeout = \"2s\"\nhold_after_timeout = \"100ms\"";
    let (_, error) = run(target, &vendor).await;
    assert_eq!(error, None);
    assert_eq!(posts(&vendor), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_looked_at_again_after_a_restart_and_the_call_is_not_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let ends = Arc::new(AtomicUsize::new(0));
    let end = Arc::clone(&ends);
    let vendor = vendor(move |seen, _| match end.load(Ordering::SeqCst) {
        0 => goes_on(),
        _ => at_end(seen, true, created()),
    })
    .await;
    let limit = "[[targets.erp.limits]]\nname = \"jobs\"\nconcurrency = 1\ncounts = \"jobs\"";
    let config = config(directory.path(), &vendor, limit, ONE_CALL);
    let engine = open(&config);
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let second = start(&engine, "SO-2", &order("high", "SO-2")).await;
    looked_at(&engine, 2).await;
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    looked_at(&engine, 4).await;
    let limits = engine.calls().targets().await.unwrap().remove(0).limits;
    let jobs = limits.iter().find(|limit| limit.name == "jobs").unwrap();
    assert_eq!(jobs.used, 1, "the job has kept its place");
    assert_eq!(posts(&vendor), 1, "the second waits for the place");
    ends.store(1, Ordering::SeqCst);
    for arn in [started.execution_arn, second.execution_arn] {
        let ended = ended(&engine, &arn).await;
        assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    }
    assert_eq!(posts(&vendor), 2);
}

/// Counts as a vendor would: requests in progress, and running jobs.
#[derive(Default)]
struct Count {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Count {
    fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Thirty orders whose jobs end at their third poll, under this limit. Returns the most jobs that ran at once.
async fn thirty(limit: &str) -> usize {
    let directory = tempfile::tempdir().expect("as planned");
    let jobs = Arc::new(Count::default());
    let counted = Arc::clone(&jobs);
    let looks: Vec<AtomicUsize> = (0..30).map(|_| AtomicUsize::new(0)).collect();
    let posts = AtomicUsize::new(0);
    let vendor = Vendor::start(move |seen| {
        if seen.method == "POST" {
            counted.enter();
            return accepted(posts.fetch_add(1, Ordering::SeqCst));
        }
        let job = seen
            .path
            .strip_prefix(JOB)
            .expect("as planned")
            .split('/')
            .next();
        let job: usize = job.expect("as planned").parse().expect("as planned");
        let looked = looks[job].fetch_add(1, Ordering::SeqCst);
        if looked == 2 {
            counted.leave();
        }
        match looked {
            0..2 => goes_on(),
            _ => at_end(seen, true, created()),
        }
    })
    .await;
    let engine = open(&config(directory.path(), &vendor, limit, ONE_CALL));
    let mut started = Vec::new();
    for number in 0..30 {
        let name = format!("SO-{number}");
        let priority = ["high", "medium", "batch"][number % 3];
        started.push(start(&engine, &name, &order(priority, &name)).await);
    }
    for one in started {
        let ended = ended(&engine, &one.execution_arn).await;
        assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    }
    let target = engine
        .calls()
        .targets()
        .await
        .expect("as planned")
        .remove(0);
    assert!(target.limits.iter().all(|limit| limit.used == 0));
    jobs.most.load(Ordering::SeqCst)
}

fn limit(concurrency: u32, counts: &str) -> String {
    format!(
        "[[targets.erp.limits]]\nname = \"a\"\nconcurrency = {concurrency}\ncounts = \"{counts}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_counts_jobs_is_never_exceeded_by_them() {
    assert_eq!(thirty(&limit(3, "jobs")).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_both_leaves_a_place_for_the_looks() {
    assert!(thirty(&limit(3, "requests-and-jobs")).await <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_requests_does_not_hold_the_jobs_back() {
    assert!(thirty(&limit(2, "requests")).await > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_execution_ends_the_looks_unless_a_limit_counts_the_job() {
    for (limit, goes_on_after) in [(String::new(), false), (limit(1, "jobs"), true)] {
        let directory = tempfile::tempdir().unwrap();
        let ends = Arc::new(AtomicUsize::new(0));
        let end = Arc::clone(&ends);
        let vendor = vendor(move |seen, _| match end.load(Ordering::SeqCst) {
            0 => goes_on(),
            _ => at_end(seen, false, Reply::json(400, "{}")),
        })
        .await;
        let engine = open(&config(directory.path(), &vendor, &limit, ONE_CALL));
        let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
        looked_at(&engine, 1).await;
        let stop = StopExecution {
            execution_arn: started.execution_arn,
            error: None,
            cause: None,
        };
        engine.executions().stop_execution(stop).await.unwrap();
        if goes_on_after {
            let looks = vendor.seen().len();
            until(async || (vendor.seen().len() > looks + 3).then_some(())).await;
            assert_eq!(engine.calls().targets().await.unwrap()[0].limits[0].used, 1);
            ends.store(1, Ordering::SeqCst);
        }
        until(async || {
            engine
                .calls()
                .list_calls(10)
                .await
                .unwrap()
                .is_empty()
                .then_some(())
        })
        .await;
        let target = engine.calls().targets().await.unwrap().remove(0);
        assert!(target.limits.iter().all(|limit| limit.used == 0));
        assert_eq!(posts(&vendor), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_job_goes_on_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = vendor(|_, _| goes_on()).await;
    let engine = open(&config(directory.path(), &vendor, "", ONE_CALL));
    start(&engine, "SO-1", &order("high", "SO-1")).await;
    looked_at(&engine, 1).await;
    let call = until(async || {
        let call = engine.calls().list_calls(10).await.unwrap().pop()?;
        let waits = call.why.words(call.at).contains(JOB);
        (call.status == "job" && waits).then_some(call)
    })
    .await;
    assert_eq!(call.receive_count, 1);
    assert_eq!(call.job.unwrap().path, format!("{JOB}0"));
    let moved =
        engine
            .controls()
            .move_call(call.id, rampmeter_dispatch::Priority::Batch, String::new());
    assert!(moved.await.is_err());
}

/// The call of a task that wants a heartbeat every second.
const WITH_HEARTBEAT: &str = r#"{
  "StartAt": "Call",
  "States": {
    "Call": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "HeartbeatSeconds": 1,
      "Parameters": {
        "QueueUrl": "${ErpHigh}",
        "MessageBody": {"TaskToken.$": "$$.Task.Token", "Method": "POST", "Path": "/orders"}
      },
      "End": true
    }
  }
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_lives_while_its_job_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let begun = std::time::Instant::now();
    let vendor = vendor(move |seen, _| {
        if begun.elapsed().as_millis() < 2_500 {
            goes_on()
        } else {
            at_end(seen, true, created())
        }
    })
    .await;
    let engine = open(&config(directory.path(), &vendor, "", WITH_HEARTBEAT));
    let started = start(&engine, "SO-1", "{}").await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.error, None);
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_an_endpoint_is_looked_at_there() {
    let directory = tempfile::tempdir().unwrap();
    let base = Vendor::start(|_| Reply::json(500, "{}")).await;
    let rest = vendor(|seen, _| at_end(seen, true, created())).await;
    let target = format!(
        "[targets.erp.endpoints.rest]\nbase_url = \"http://{}\"\n",
        rest.address()
    );
    let definition = ONE_CALL.replacen("\"Method\"", "\"Endpoint\": \"rest\", \"Method\"", 1);
    assert_ne!(definition, ONE_CALL);
    let engine = open(&config(directory.path(), &base, &target, &definition));
    let arn = start(&engine, "SO-1", &order("high", "SO-1"))
        .await
        .execution_arn;
    let end = ended(&engine, &arn).await;
    assert_eq!(end.summary.status, ExecutionStatus::Succeeded);
    assert_eq!((posts(&rest), base.seen().len()), (1, 0));
}
