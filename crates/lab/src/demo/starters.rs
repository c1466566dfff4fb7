//! The clients of the demo: 64 of them start executions over the wire and repeat a start until it is acknowledged,
//! whatever happens to the engine meanwhile. They keep the list of what was acknowledged.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rampmeter_dispatch::Priority;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::plan::{Plan, Planned};
use super::ports::{PortError, Ports};

/// Starts under way at once for the orders that are there from the beginning.
const BACKLOG_STARTERS: usize = 48;
/// The same for the orders that arrive over time. Kept apart, so that a late HIGH order does not wait for the backlog.
const ARRIVAL_STARTERS: usize = 16;
/// Pause before a start is repeated.
const PAUSE: Duration = Duration::from_millis(20);

/// What the clients know: which orders were acknowledged, and which were refused.
#[derive(Debug)]
pub(crate) struct Ledger {
    acknowledged: Vec<AtomicBool>,
    refused: Mutex<Vec<String>>,
}

impl Ledger {
    fn new(orders: usize) -> Ledger {
        let acknowledged = (0..orders).map(|_| AtomicBool::new(false)).collect();
        Ledger {
            acknowledged,
            refused: Mutex::default(),
        }
    }

    /// The indices, in the plan, of the acknowledged orders.
    pub(crate) fn acknowledged(&self) -> impl Iterator<Item = usize> + '_ {
        let known = self.acknowledged.iter().enumerate();
        known
            .filter(|(_, yes)| yes.load(Ordering::Relaxed))
            .map(|(place, _)| place)
    }

    /// Starts that the engine refused, in words. There should be none.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The clients at work. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Starters {
    /// What they have achieved so far.
    pub(crate) ledger: Arc<Ledger>,
    clients: JoinSet<()>,
}

impl Starters {
    /// Sets the clients to work on a plan.
    pub(crate) fn spawn(plan: &Arc<Plan>, ports: &Ports, state_machine_arn: &str) -> Starters {
        let ledger = Arc::new(Ledger::new(plan.orders.len()));
        let later = |order: &Planned| order.priority == Priority::High;
        let places = |wanted: bool| -> Arc<[usize]> {
            let all = plan.orders.iter().enumerate();
            all.filter(|(_, order)| later(order) == wanted)
                .map(|(place, _)| place)
                .collect()
        };
        let mut clients = JoinSet::new();
        for (orders, count) in [
            (places(false), BACKLOG_STARTERS),
            (places(true), ARRIVAL_STARTERS),
        ] {
            let next = Arc::new(AtomicUsize::new(0));
            for _ in 0..count {
                let client = Client {
                    plan: Arc::clone(plan),
                    ports: ports.clone(),
                    state_machine_arn: state_machine_arn.to_owned(),
                    ledger: Arc::clone(&ledger),
                };
                clients.spawn(client.work(Arc::clone(&orders), Arc::clone(&next), Instant::now()));
            }
        }
        Starters { ledger, clients }
    }

    /// Whether every order was acknowledged or refused.
    ///
    /// # Panics
    /// When a client panicked.
    pub(crate) fn have_finished(&mut self) -> bool {
        while let Some(ended) = self.clients.try_join_next() {
            assert!(ended.is_ok(), "a client of the demo ended early: {ended:?}");
        }
        self.clients.is_empty()
    }
}

struct Client {
    plan: Arc<Plan>,
    ports: Ports,
    state_machine_arn: String,
    ledger: Arc<Ledger>,
}

impl Client {
    async fn work(self, orders: Arc<[usize]>, next: Arc<AtomicUsize>, begin: Instant) {
        while let Some(&place) = orders.get(next.fetch_add(1, Ordering::Relaxed)) {
            let order = &self.plan.orders[place];
            tokio::time::sleep_until(begin + order.arrives_after).await;
            match self.start(order).await {
                Ok(()) => self.ledger.acknowledged[place].store(true, Ordering::Relaxed),
                Err(refused) => {
                    let mut all = self
                        .ledger
                        .refused
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    all.push(format!("{}: {refused}", order.name));
                }
            }
        }
    }

    /// Repeats until there is an answer. An earlier attempt whose answer was lost may have started the execution, and
    /// it may even have ended: then `ExecutionAlreadyExists` is the acknowledgement.
    async fn start(&self, order: &Planned) -> Result<(), PortError> {
        let mut repeated = false;
        loop {
            let start =
                self.ports
                    .start_execution(&self.state_machine_arn, &order.name, &order.input);
            match start.await {
                Err(PortError::Unreachable(_)) => repeated = true,
                Err(PortError::Refused { code, .. })
                    if repeated && code == "ExecutionAlreadyExists" =>
                {
                    return Ok(());
                }
                answer => return answer,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
