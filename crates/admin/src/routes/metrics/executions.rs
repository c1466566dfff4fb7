//! The executions that have ended, by workflow, end and error. Names that come from outside are bounded where they are counted.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Unit;
use rampmeter_engine::{ENDS, WorkflowFigures};

use super::{Lengths, put};

/// Writes them.
pub(super) fn encode(
    page: &mut DescriptorEncoder<'_>,
    workflows: &[WorkflowFigures],
) -> fmt::Result {
    let counter = ConstCounter::<u64>::TYPE;
    let help =
        "Executions that ended, by status; one that was redriven and ended again counts again";
    let mut metric = page.encode_descriptor("executions", help, None, counter)?;
    for workflow in workflows {
        for (status, count) in ENDS.iter().zip(workflow.ended) {
            let labels = [
                ("workflow", workflow.workflow.as_str()),
                ("status", status.as_str()),
            ];
            put(&mut metric, &labels, &ConstCounter::new(count))?;
        }
    }
    let help = "Executions that failed or timed out, by error";
    let mut metric = page.encode_descriptor("execution_failures", help, None, counter)?;
    for workflow in workflows {
        for failure in &workflow.failures {
            let labels = [
                ("workflow", workflow.workflow.as_str()),
                ("error", failure.error.as_str()),
            ];
            put(&mut metric, &labels, &ConstCounter::new(failure.count))?;
        }
    }
    let help = "How long executions took, from their first start to their end";
    let seconds = Some(&Unit::Seconds);
    let mut metric =
        page.encode_descriptor("execution_duration", help, seconds, MetricType::Histogram)?;
    for workflow in workflows {
        let labels: [(&str, &str); 1] = [("workflow", workflow.workflow.as_str())];
        Lengths(&workflow.durations).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
