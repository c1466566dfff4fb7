//! Starts with one configuration after another, under load, each process ended with calls in flight: limits with other
//! names and lengths, targets with other names or absent, other workers and timeouts. Whatever the files say, the
//! vendor's limits are kept, and the vendor counts for itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rampmeter_config::{Config, Worker};
use rampmeter_engine::{Engine, SendMessage, store_path};

use crate::support::{ONE_CALL, Reply, Vendor, config, open, until};

/// What the vendor allows: so many calls in every span of this length. Each configuration keeps it, some by more than that.
const ALLOWED: [(usize, Duration); 2] = [
    (6, Duration::from_millis(700)),
    (15, Duration::from_secs(3)),
];

/// Limits that keep the first of these, and limits that keep the second.
const SHORT: [(u32, &str); 4] = [(6, "700ms"), (6, "1400ms"), (3, "700ms"), (6, "3s")];
const LONG: [(u32, &str); 3] = [(15, "3s"), (10, "3s"), (15, "4s")];

const NAMES: [&str; 5] = ["minute", "burst", "quota", "process", "account"];

/// Pseudo-random numbers from a seed: a multiplication and a shift are random enough here.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("as planned") % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A random configuration, and the name of its target, if it has one.
fn next(chance: &mut Chance, directory: &Path, vendor: &Vendor) -> (Config, Option<&'static str>) {
    let first = chance.below(NAMES.len());
    let second = (first + 1 + chance.below(NAMES.len() - 1)) % NAMES.len();
    let mut text = format!(
        "timeout = \"{}ms\"\nhold_after_timeout = \"{}ms\"\non_unknown = \"retry\"\nretry = {{ max_attempts = 99, initial = \"20ms\", max = \"50ms\" }}\n",
        chance.of(&[150, 400]),
        chance.of(&[0, 300]),
    );
    for ((calls, per), name) in [(chance.of(&SHORT), first), (chance.of(&LONG), second)] {
        let name = NAMES[name];
        text.push_str(&format!(
            "[[targets.erp.limits]]\nname = \"{name}\"\ncalls = {calls}\nper = \"{per}\"\n"
        ));
    }
    let mut config = config(directory, vendor, &text, ONE_CALL);
    config.server.drain_timeout = Duration::from_millis(1);
    config.workflows.clear();
    let mut target = config.targets.remove("erp").expect("as planned");
    let name = match chance.below(6) {
        0 => return (config, None),
        1 => {
            target.worker = Worker::External;
            "erp"
        }
        2 | 3 => "netsuite",
        _ => "erp",
    };
    target.name = name.to_owned();
    target.profile.target = name.to_owned();
    config.targets.insert(name.to_owned(), target);
    (config, Some(name))
}

/// Sends some calls, every third one of an OrderingKey.
async fn send(engine: &Engine, target: &str, chance: &mut Chance, sent: &mut usize) {
    for _ in 0..chance.below(5) {
        let key = match chance.below(3) {
            0 => format!(r#","OrderingKey":"k{}""#, chance.below(2)),
            _ => String::new(),
        };
        let message = SendMessage {
            queue_url: format!("{target}-{}", chance.of(&["high", "medium", "batch"])),
            body: format!(r#"{{"Method":"GET","Path":"/{sent}"{key}}}"#),
            ..SendMessage::default()
        };
        engine
            .queues()
            .send_message(message)
            .await
            .expect("as planned");
        *sent += 1;
    }
}

/// Checks, in a store that nobody has open, that each message is somewhere, and in one place only.
fn each_is_in_one_place(directory: &Path, case: &str) {
    let store = rusqlite::Connection::open(store_path(directory)).expect("as planned");
    let mut places = BTreeMap::<i64, Vec<&str>>::new();
    let mut note = |place: &'static str, query: &str| {
        let mut statement = store.prepare(query).expect("as planned");
        let rows = statement
            .query_map([], |row| row.get(0))
            .expect("as planned");
        for message in rows.map(|row| row.expect("as planned")) {
            places.entry(message).or_default().push(place);
        }
    };
    note("ready", "SELECT message FROM ready");
    note("delayed", "SELECT message FROM delayed");
    note(
        "parked",
        "SELECT message FROM ordered_call WHERE standing = 0",
    );
    // A call whose answer is lost is back in its lane, and its permit is held.
    note(
        "in flight",
        "SELECT message FROM permit WHERE held_until IS NULL",
    );
    let mut statement = store.prepare("SELECT id FROM message").expect("as planned");
    let messages = statement
        .query_map([], |row| row.get::<_, i64>(0))
        .expect("as planned");
    for message in messages.map(|row| row.expect("as planned")) {
        let found = places.remove(&message).unwrap_or_default();
        assert_eq!(found.len(), 1, "{case}: message {message} is in {found:?}");
    }
    assert!(
        places.is_empty(),
        "{case}: no messages are these: {places:?}"
    );
}

async fn run(seed: u64) {
    let directory = tempfile::tempdir().expect("as planned");
    let mut chance = Chance(seed);
    let arrivals = Arc::new(Mutex::new(Vec::<Instant>::new()));
    let seen = Arc::clone(&arrivals);
    let vendor = Vendor::start(move |_| {
        let mut seen = seen.lock().expect("as planned");
        seen.push(Instant::now());
        match seen.len() % 7 {
            0 => Reply::Cut,
            _ => Reply::json(200, "{}"),
        }
    })
    .await;
    let mut sent = 0;
    for start in 0..14 {
        let (config, name) = next(&mut chance, directory.path(), &vendor);
        let engine = open(&config);
        for _ in 0..3 {
            if let Some(name) = name {
                send(&engine, name, &mut chance, &mut sent).await;
            }
            let pause = u64::try_from(chance.below(120)).expect("as planned");
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        engine.shut_down().await;
        each_is_in_one_place(directory.path(), &format!("seed {seed}, start {start}"));
    }
    // In the end the vendor has been asked everything that it was to be asked.
    let (mut config, mut name) = next(&mut chance, directory.path(), &vendor);
    while name.is_none() {
        (config, name) = next(&mut chance, directory.path(), &vendor);
    }
    let target = config.targets.values_mut().next().expect("as planned");
    target.worker = Worker::Embedded;
    let engine = open(&config);
    until(async || {
        engine
            .calls()
            .list_calls(1)
            .await
            .expect("as planned")
            .is_empty()
            .then_some(())
    })
    .await;
    engine.shut_down().await;
    let arrivals = arrivals.lock().expect("as planned").clone();
    for (calls, per) in ALLOWED {
        for (index, last) in arrivals.iter().enumerate() {
            let counted = arrivals[..=index].iter().filter(|at| **at + per > *last);
            let counted = counted.count();
            assert!(
                counted <= calls,
                "seed {seed}: {counted} calls in {per:?}, {calls} are allowed"
            );
        }
    }
    assert!(arrivals.len() >= sent, "seed {seed}: each call was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_the_files_say_the_vendor_counts_no_call_too_many_and_no_message_is_lost() {
    tokio::join!(run(1), run(2), run(3), run(4));
}
