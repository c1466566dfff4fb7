//! Names on AWS. Queues and functions are named after their target, state machines after their workflow, so that the
//! same names work on both hosts. A stage is put before each of them, so that several stacks fit into one account. What
//! nobody calls by name is named by CloudFormation.

use rampmeter_config::pascal_case;
use rampmeter_dispatch::Priority;

/// AWS's bound on the names of queues and state machines, in letters.
pub(crate) const MAX_QUEUE_NAME_CHARS: usize = 80;
/// AWS's bound on the names of functions and schedules, in letters.
pub(crate) const MAX_FUNCTION_NAME_CHARS: usize = 64;

/// The logical id of something of a target or a workflow: `NetsuiteHighQueue`. It is the same in every stage.
pub(crate) fn id(name: &str, what: &str) -> String {
    pascal_case(name) + what
}

/// `High`, `Medium`, `Batch`: a priority within a logical id.
pub(crate) fn of_priority(priority: Priority) -> String {
    pascal_case(&priority.as_str().to_lowercase())
}

/// The logical id of a target's queue.
pub(crate) fn queue_id(target: &str, priority: Priority) -> String {
    id(target, &(of_priority(priority) + "Queue"))
}

/// The names of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Naming<'a> {
    stage: Option<&'a str>,
}

impl<'a> Naming<'a> {
    /// The names of a stage; without one they are those of the configuration.
    pub(crate) fn of(stage: Option<&'a str>) -> Naming<'a> {
        Naming { stage }
    }

    /// The name of a target, a workflow, a source or the stack in this stage: `dev-netsuite`.
    pub(crate) fn staged(self, name: &str) -> String {
        match self.stage {
            Some(stage) => format!("{stage}-{name}"),
            None => name.to_owned(),
        }
    }

    /// The name of a target's queue: `netsuite-high`.
    pub(crate) fn queue(self, target: &str, priority: Priority) -> String {
        let lane = priority.as_str().to_lowercase();
        self.staged(&format!("{target}-{lane}"))
    }

    /// The queue to which SQS moves a message that was received too often: `netsuite-undelivered`.
    pub(crate) fn undelivered_queue(self, target: &str) -> String {
        self.staged(&format!("{target}-undelivered"))
    }

    /// The queue of dead letters: `netsuite-dead`.
    pub(crate) fn dead_queue(self, target: &str) -> String {
        self.staged(&format!("{target}-dead"))
    }

    /// The function that makes a target's calls: `netsuite-worker`.
    pub(crate) fn worker(self, target: &str) -> String {
        self.staged(&format!("{target}-worker"))
    }

    /// The schedule that wakes a worker when its target opens.
    pub(crate) fn wake_schedule(self, target: &str) -> String {
        self.worker(target) + "-wake"
    }

    /// The schedule that finds a worker which sleeps although nothing will wake it.
    pub(crate) fn watch_schedule(self, target: &str) -> String {
        self.worker(target) + "-watch"
    }

    /// The function that fails the tasks of messages that were received too often.
    pub(crate) fn undelivered_function(self, target: &str) -> String {
        self.staged(&format!("{target}-undelivered"))
    }

    /// Where a source's messages go that start no execution: `orders-unstarted`.
    pub(crate) fn unstarted_queue(self, source: &str) -> String {
        self.staged(&match source.strip_suffix(".fifo") {
            Some(stem) => format!("{stem}-unstarted.fifo"),
            None => format!("{source}-unstarted"),
        })
    }

    /// The state machine that starts an execution for each message of a source.
    pub(crate) fn starter(self, workflow: &str) -> String {
        self.staged(&format!("{workflow}-starter"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_stands_before_every_name_and_changes_no_logical_id() {
        let (dev, none) = (Naming::of(Some("dev")), Naming::of(None));
        let names = |naming: Naming<'_>| {
            vec![
                naming.queue("crm", Priority::High),
                naming.undelivered_queue("crm"),
                naming.dead_queue("crm"),
                naming.worker("crm"),
                naming.wake_schedule("crm"),
                naming.watch_schedule("crm"),
                naming.undelivered_function("crm"),
                naming.unstarted_queue("orders.fifo"),
                naming.starter("order"),
            ]
        };
        let staged: Vec<String> = names(none)
            .iter()
            .map(|name| format!("dev-{name}"))
            .collect();
        assert_eq!(names(dev), staged);
        assert_eq!(none.unstarted_queue("orders.fifo"), "orders-unstarted.fifo");
        assert_eq!(queue_id("crm", Priority::High), "CrmHighQueue");
    }
}
