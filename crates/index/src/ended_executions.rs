//! The executions that have ended since the process began: how many of each workflow ended in each way, how long they took,
//! and the errors with which they failed. The number of workflows and of errors is bounded, because both may come from
//! outside: what is beyond the bound is counted under one name.

use std::collections::BTreeMap;

use rampmeter_store::model::figures::{ENDS, EndedExecution, FailureFigures, WorkflowFigures};

/// The maximum of workflows counted separately.
const MAX_WORKFLOWS: usize = 200;
/// The maximum of errors of one workflow counted separately.
const MAX_ERRORS: usize = 20;
/// The maximum length of an error name, in characters.
const MAX_ERROR_CHARS: usize = 100;
/// The name under which all others are counted.
const OTHERS: &str = "(others)";
/// The name for the error of an execution that gives none.
const UNNAMED: &str = "(none)";

/// The executions that have ended, by workflow.
#[derive(Debug, Default)]
pub struct EndedExecutions(BTreeMap<String, WorkflowFigures>);

impl EndedExecutions {
    /// Counts an execution that has ended.
    pub fn note(&mut self, ended: &EndedExecution) {
        let is_known = self.0.contains_key(&ended.workflow) || self.0.len() < MAX_WORKFLOWS;
        let name = if is_known { &ended.workflow } else { OTHERS };
        let figures = self.0.entry(name.to_owned()).or_default();
        if let Some(how) = ENDS.iter().position(|status| *status == ended.status) {
            figures.ended[how] += 1;
        }
        figures.durations.note(ended.took);
        if ended.has_failed() {
            note_failure(&mut figures.failures, ended);
        }
    }

    /// All of them, by the names of their workflows.
    #[must_use]
    pub fn figures(&self) -> Vec<WorkflowFigures> {
        let named = self.0.iter().map(|(name, figures)| WorkflowFigures {
            workflow: name.clone(),
            ..figures.clone()
        });
        named.collect()
    }
}

fn note_failure(failures: &mut Vec<FailureFigures>, ended: &EndedExecution) {
    let error = ended.error.as_deref().unwrap_or(UNNAMED);
    let error: String = error.chars().take(MAX_ERROR_CHARS).collect();
    let named = |failures: &[FailureFigures], error: &str| {
        failures.iter().position(|failure| failure.error == error)
    };
    let known = named(failures, &error);
    let error = match known {
        None if failures.len() >= MAX_ERRORS => OTHERS.to_owned(),
        _ => error,
    };
    match named(failures, &error) {
        Some(place) => {
            let failure = &mut failures[place];
            failure.count += 1;
            failure.last_at = ended.at;
            failure.last_execution.clone_from(&ended.execution_arn);
        }
        None => failures.push(FailureFigures {
            error,
            count: 1,
            last_at: ended.at,
            last_execution: ended.execution_arn.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rampmeter_store::model::execution::ExecutionStatus;
    use rampmeter_time::UnixMillis;

    use super::*;

    fn ended(workflow: &str, status: ExecutionStatus, error: Option<&str>) -> EndedExecution {
        EndedExecution {
            execution_arn: format!("arn:{workflow}"),
            workflow: workflow.to_owned(),
            status,
            error: error.map(str::to_owned),
            took: Duration::from_secs(2),
            at: UnixMillis(7),
        }
    }

    #[test]
    fn executions_are_counted_by_workflow_end_and_error() {
        let mut all = EndedExecutions::default();
        all.note(&ended("orders", ExecutionStatus::Succeeded, None));
        all.note(&ended(
            "orders",
            ExecutionStatus::Failed,
            Some("Http.StatusCode.400"),
        ));
        all.note(&ended(
            "orders",
            ExecutionStatus::Failed,
            Some("Http.StatusCode.400"),
        ));
        all.note(&ended("orders", ExecutionStatus::TimedOut, None));
        all.note(&ended("orders", ExecutionStatus::Aborted, Some("by hand")));
        let [orders] = &all.figures()[..] else {
            panic!("one workflow");
        };
        assert_eq!(
            (orders.workflow.as_str(), orders.ended),
            ("orders", [1, 2, 1, 1])
        );
        assert_eq!((orders.succeeded(), orders.failed()), (1, 3));
        assert_eq!(orders.durations.count(), 5);
        let failures = orders.failures.iter();
        let failures: Vec<_> = failures
            .map(|one| (one.error.as_str(), one.count))
            .collect();
        assert_eq!(failures, [("Http.StatusCode.400", 2), (UNNAMED, 1)]);
    }

    #[test]
    fn names_that_come_from_outside_do_not_grow_it_without_end() {
        let mut all = EndedExecutions::default();
        for number in 0..1_000 {
            let error = format!("error {number} {}", "x".repeat(200));
            all.note(&ended("orders", ExecutionStatus::Failed, Some(&error)));
            all.note(&ended(
                &format!("made-{number}"),
                ExecutionStatus::Succeeded,
                None,
            ));
        }
        let figures = all.figures();
        assert_eq!(figures.len(), MAX_WORKFLOWS + 1);
        let others = figures.iter().find(|one| one.workflow == OTHERS);
        assert_eq!(others.map(WorkflowFigures::succeeded), Some(801));
        let orders = figures.iter().find(|one| one.workflow == "orders");
        let failures = &orders.expect("it was counted first").failures;
        assert_eq!(failures.len(), MAX_ERRORS + 1);
        assert!(
            failures
                .iter()
                .all(|one| one.error.len() <= MAX_ERROR_CHARS)
        );
        assert_eq!(failures.iter().map(|one| one.count).sum::<u64>(), 1_000);
    }
}
