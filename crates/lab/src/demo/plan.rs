//! What the demo starts: which orders, with which priority, arriving when. Pure and seeded: the same seed gives the
//! same plan. It knows nothing of how an execution is started.

use std::time::Duration;

use rampmeter_dispatch::Priority;
use serde_json::Value;

/// Share of the expected run over which HIGH orders arrive; a little less than all of it, so that the last of them
/// still meets a backlog.
const ARRIVALS_SHARE: f64 = 0.95;

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outline {
    /// Executions in all: 20 % HIGH, 30 % MEDIUM, the rest BATCH.
    pub(crate) executions: u32,
    /// Decides which order has which priority.
    pub(crate) seed: u64,
    /// How long the vendor should need for all of them.
    pub(crate) expected: Duration,
}

/// One execution to start.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// Name of the execution: the order number, so that a repeated start after a lost answer starts nothing twice.
    pub(crate) name: String,
    /// Lane its call will take.
    pub(crate) priority: Priority,
    /// When it arrives, from the start of the run.
    pub(crate) arrives_after: Duration,
    /// JSON text of its input.
    pub(crate) input: String,
}

/// All executions of a run, by order number. Those that arrive later are HIGH, in order of arrival.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// By order number, from 1.
    pub(crate) orders: Vec<Planned>,
}

impl Plan {
    /// Makes the orders from the samples, in turn; each gets its own number and its priority.
    ///
    /// # Panics
    /// When `samples` is empty or holds something other than objects: they are ours.
    pub(crate) fn new(outline: Outline, samples: &[Value]) -> Plan {
        let priorities = shuffled_priorities(outline.executions, outline.seed);
        let highs = priorities.iter().filter(|p| **p == Priority::High).count();
        let between = outline
            .expected
            .mul_f64(ARRIVALS_SHARE / highs.max(1) as f64);
        let mut highs_before = 0.0;
        let orders = priorities
            .into_iter()
            .zip(samples.iter().cycle())
            .zip(1_u32..);
        let orders = orders.map(|((priority, sample), number)| {
            let arrives_after = match priority {
                Priority::High => {
                    highs_before += 1.0;
                    between.mul_f64(highs_before - 0.5)
                }
                Priority::Medium | Priority::Batch => Duration::ZERO,
            };
            let name = format!("SO-{number:06}");
            let input = order_text(sample, &name, priority);
            Planned {
                name,
                priority,
                arrives_after,
                input,
            }
        });
        let orders: Vec<Planned> = orders.collect();
        assert_eq!(
            orders.len(),
            outline.executions as usize,
            "there is at least one sample order"
        );
        Plan { orders }
    }

    /// How many orders have each priority, HIGH first.
    pub(crate) fn counts(&self) -> [u64; 3] {
        let mut counts = [0; 3];
        for order in &self.orders {
            counts[order.priority.index()] += 1;
        }
        counts
    }

    /// The index of an order in `orders`, from its name.
    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        let number: usize = name.strip_prefix("SO-")?.parse().ok()?;
        number
            .checked_sub(1)
            .filter(|place| *place < self.orders.len())
    }
}

/// How long a vendor needs for so many calls of this mean length under both limits.
pub(crate) fn expected_duration(
    executions: u32,
    mean: Duration,
    concurrency: u32,
    calls_per_minute: u64,
) -> Duration {
    let by_slots = mean.mul_f64(f64::from(executions) / f64::from(concurrency.max(1)));
    // The calls of the last, partial minute need not wait for its end.
    let full_minutes = u64::from(executions.saturating_sub(1)) / calls_per_minute.max(1);
    by_slots.max(Duration::from_secs(full_minutes.saturating_mul(60)))
}

/// The input of one order: a sample with its own number and priority.
///
/// # Panics
/// When the sample is no object: they are ours.
pub(crate) fn order_text(sample: &Value, number: &str, priority: Priority) -> String {
    let Value::Object(mut order) = sample.clone() else {
        panic!("a sample order is a JSON object, not {sample}");
    };
    order.insert("orderNumber".to_owned(), Value::from(number));
    order.insert(
        "priority".to_owned(),
        Value::from(priority.as_str().to_ascii_lowercase()),
    );
    Value::Object(order).to_string()
}

/// 20 % HIGH, 30 % MEDIUM, the rest BATCH, in an order that the seed decides (Fisher and Yates).
fn shuffled_priorities(executions: u32, seed: u64) -> Vec<Priority> {
    let mut priorities: Vec<Priority> = (0..u64::from(executions))
        .map(|place| match place * 10 / u64::from(executions) {
            0 | 1 => Priority::High,
            2..=4 => Priority::Medium,
            _ => Priority::Batch,
        })
        .collect();
    let mut state = seed;
    for last in (1..priorities.len()).rev() {
        let choice = next_random(&mut state) % (last as u64 + 1);
        priorities.swap(last, usize::try_from(choice).unwrap_or(last));
    }
    priorities
}

/// SplitMix64 (Steele, Lea and Flood, 2014): enough for a shuffle, and the same everywhere.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(executions: u32, seed: u64) -> Plan {
        let outline = Outline {
            executions,
            seed,
            expected: Duration::from_secs(50),
        };
        Plan::new(
            outline,
            &[json!({"orderNumber": "SO-9", "a": 1}), json!({"a": 2})],
        )
    }

    #[test]
    fn the_default_run_is_a_fifth_high_and_half_batch() {
        assert_eq!(plan(3_000, 1).counts(), [600, 900, 1_500]);
        assert_eq!(plan(1, 1).counts().iter().sum::<u64>(), 1);
        assert!(plan(0, 1).orders.is_empty());
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
        assert_eq!(plan(200, 7).orders, plan(200, 7).orders);
        assert_ne!(plan(200, 7).orders, plan(200, 8).orders);
    }

    #[test]
    fn high_orders_arrive_evenly_and_the_others_at_once() {
        let plan = plan(1_000, 3);
        let of = |wanted: Priority| plan.orders.iter().filter(move |o| o.priority == wanted);
        let arrivals: Vec<f64> = of(Priority::High)
            .map(|order| order.arrives_after.as_secs_f64())
            .collect();
        let gap = 50.0 * 0.95 / 200.0;
        assert!((arrivals[0] - gap / 2.0).abs() < 1e-6);
        assert!(
            arrivals
                .windows(2)
                .all(|pair| (pair[1] - pair[0] - gap).abs() < 1e-6)
        );
        assert!(
            of(Priority::Medium)
                .chain(of(Priority::Batch))
                .all(|o| o.arrives_after.is_zero())
        );
    }

    #[test]
    fn every_order_has_its_own_number_and_keeps_the_sample_otherwise() {
        let plan = plan(30, 3);
        for (place, order) in plan.orders.iter().enumerate() {
            let input: Value = serde_json::from_str(&order.input).unwrap();
            assert_eq!(plan.place_of(&order.name), Some(place));
            assert_eq!(input["orderNumber"], json!(order.name));
            assert_eq!(
                input["priority"],
                json!(order.priority.as_str().to_ascii_lowercase())
            );
            assert_eq!(input["a"], json!(place % 2 + 1));
        }
        for other in ["SO-000000", "SO-000031", "SO-x", "PO-000001", ""] {
            assert_eq!(plan.place_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_expected_duration_follows_the_tighter_limit() {
        let quarter = Duration::from_millis(250);
        assert_eq!(
            expected_duration(3_000, quarter, 15, 6_000),
            Duration::from_secs(50)
        );
        assert_eq!(
            expected_duration(3_000, quarter, 15, 1_000),
            Duration::from_secs(120)
        );
    }
}
