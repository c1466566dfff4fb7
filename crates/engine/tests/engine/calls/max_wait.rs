//! How long a call may wait before it fails without being sent.

use std::time::Duration;

use rampmeter_config::Config;
use rampmeter_dispatch::{Limit, Trouble};
use rampmeter_engine::ExecutionStatus;

use super::whose_trouble::{closed_for, config_at, deserted, start_some};
use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start};

const TARGET: &str = "timeout = \"2s\"\nhold_after_timeout = \"100ms\"\non_unknown = \"retry\"\n\
     retry = { initial = \"1m\", max = \"1m\" }";

fn waiting(mut config: Config, longest: Duration) -> Config {
    let erp = config.targets.get_mut("erp").expect("it is configured");
    erp.max_wait = Some(longest);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_vendor_is_away_a_call_fails_when_its_wait_is_over_and_a_later_one_waits_on() {
    let directory = tempfile::tempdir().unwrap();
    let address = deserted();
    let config = config_at(directory.path(), address).await;
    let engine = open(&waiting(config, Duration::from_secs(2)));
    let arns = start_some(&engine, 5).await;
    closed_for(&engine, Trouble::Unreachable).await;
    for arn in arns {
        let ended = ended(&engine, &arn).await;
        assert_eq!(ended.summary.status, ExecutionStatus::Failed);
        assert_eq!(ended.error.as_deref(), Some("Rampmeter.WaitedTooLong"));
        let cause = ended.cause.expect("it says why");
        assert!(cause.contains("the vendor is away"), "{cause}");
    }
    // What comes later has waited for no time at all, and is made once the vendor is back.
    let later = start(&engine, "SO-later", &order("high", "SO-later")).await;
    let vendor = Vendor::start_at(address, |_| Reply::json(200, "{}")).await;
    let ended = ended(&engine, &later.execution_arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_a_limit_fails_too_and_is_never_sent() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let config = config(directory.path(), &vendor, TARGET, ONE_CALL);
    let mut config = waiting(config, Duration::from_secs(1));
    let erp = config.targets.get_mut("erp").expect("it is configured");
    erp.rules.limits = vec![Limit::window("hour", 1, Duration::from_secs(3_600))];
    let engine = open(&config);
    let arns = start_some(&engine, 3).await;
    let mut done = 0;
    for arn in arns {
        let ended = ended(&engine, &arn).await;
        match ended.error.as_deref() {
            None => done += 1,
            error => assert_eq!(error, Some("Rampmeter.WaitedTooLong")),
        }
    }
    assert_eq!((done, vendor.seen().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_vendor_may_have_done_is_told_as_unknown_when_its_wait_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::Cut).await;
    let config = config(directory.path(), &vendor, TARGET, ONE_CALL);
    let engine = open(&waiting(config, Duration::from_secs(1)));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.error.as_deref(), Some("Rampmeter.OutcomeUnknown"));
    let cause = ended.cause.expect("it says why");
    assert!(cause.contains("max_wait"), "{cause}");
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_goes_on_over_a_restart_and_may_be_bounded_only_then() {
    let directory = tempfile::tempdir().unwrap();
    let unbounded = config_at(directory.path(), deserted()).await;
    let engine = open(&unbounded);
    let arns = start_some(&engine, 4).await;
    closed_for(&engine, Trouble::Unreachable).await;
    engine.shut_down().await;
    let engine = open(&waiting(unbounded, Duration::from_secs(1)));
    for arn in arns {
        let ended = ended(&engine, &arn).await;
        assert_eq!(ended.error.as_deref(), Some("Rampmeter.WaitedTooLong"));
    }
}
