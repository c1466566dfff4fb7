//! Every column of every table, taken from the store itself, is damaged in turn in a store that has rows of each kind: the
//! engine comes up, lives through whatever it is asked, serves what is new, and comes up again.

use std::collections::BTreeMap;
use std::path::Path;

use rampmeter_config::Config;
use rampmeter_engine::{
    CreateAlias, DamagedItem, Engine, PublishVersion, ReceiveMessage, Route, StopExecution,
};
use rusqlite::Connection;

use super::damaged_rows::{
    VICTIMS, ask_for_everything, damage, execution, machine, others_go_on, populated, vendor,
};
use crate::support::{self, ONE_CALL, config, open, try_open};

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 64\n\
     [[targets.erp.limits]]\nname = \"minute\"\ncalls = 1000\nper = \"1m\"\n";

/// A column is damaged in all rows, and only the subjects of those rows may notice. These tables belong to everybody:
/// what stands still when they are damaged is said beside each.
const OF_EVERYBODY: [&str; 10] = [
    // Its lanes belong to a target without a name, or it is paused until a person has looked.
    "target",
    "queue",
    "limit_override",
    // The definitions of all workflows.
    "state_machine",
    "revision",
    // Slots are held and windows are full until they are surely free.
    "permit",
    "window_place",
    // Every call's message, step and turn.
    "message",
    "ready",
    "step",
];

/// A store with rows of every kind that an engine leaves behind.
async fn filled(config: &Config) {
    let engine = populated(config).await;
    let machines = engine.state_machines();
    let publish = PublishVersion {
        state_machine_arn: machine("victim"),
        revision_id: None,
        description: None,
    };
    let version = machines.publish_version(publish).await.expect("as planned");
    let alias = CreateAlias {
        name: "live".to_owned(),
        description: None,
        routes: vec![Route {
            version_arn: version.arn,
            weight: 100,
        }],
    };
    machines.create_alias(alias).await.expect("as planned");
    support::queues::create(&engine, "in-order.fifo", &[("FifoQueue", "true")]).await;
    engine.shut_down().await;
}

/// The columns of the store, by table.
fn columns(directory: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = Connection::open(directory.join("rampmeter.db")).expect("as planned");
    let mut statement = connection
        .prepare(
            "SELECT m.name, p.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS p \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .expect("as planned");
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("as planned");
    for row in rows {
        let (table, column) = row.expect("as planned");
        columns.entry(table).or_default().push(column);
    }
    columns
}

/// Damages a column in all rows that allow it. Returns in how many.
fn damage_column(directory: &Path, table: &str, column: &str) -> usize {
    let connection = Connection::open(directory.join("rampmeter.db")).expect("as planned");
    let statement = format!("UPDATE OR IGNORE {table} SET {column} = x'ff00ff'");
    // A number that is the key of its row is a number.
    connection.execute(&statement, []).unwrap_or(0)
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join("rampmeter.db"), to.join("rampmeter.db")).expect("as planned");
}

/// What is new is served: a queue made now takes a message and hands it out.
async fn serves_what_is_new(engine: &Engine, name: &str) {
    support::queues::create(engine, name, &[]).await;
    let message = support::queues::message(name, "new");
    engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned");
    let receive = ReceiveMessage {
        queue_url: name.to_owned(),
        ..ReceiveMessage::default()
    };
    let received = engine
        .queues()
        .receive_message(receive)
        .await
        .expect("as planned");
    assert_eq!(received.len(), 1);
}

/// Lives through one damaged column, restarts, and says what was named.
async fn live_through(config: &Config, table: &str) -> Vec<DamagedItem> {
    for round in ["first", "second"] {
        let engine = try_open(config).expect("a row that cannot be read ends no start");
        ask_for_everything(&engine).await;
        serves_what_is_new(&engine, &format!("new-{round}")).await;
        if !OF_EVERYBODY.contains(&table) {
            others_go_on(&engine, &format!("after-{round}")).await;
        }
        for (name, _) in VICTIMS {
            let stop = StopExecution {
                execution_arn: execution(name),
                error: None,
                cause: None,
            };
            let _ = engine.executions().stop_execution(stop).await;
        }
        engine.calls().targets().await.expect("the engine lives");
        engine.shut_down().await;
    }
    let engine = open(config);
    let damaged = engine.calls().damaged().await.expect("as planned");
    engine.shut_down().await;
    damaged
}

#[tokio::test(flavor = "multi_thread")]
async fn no_column_of_any_table_ends_the_engine_when_it_is_damaged() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let mut first = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    first.server.drain_timeout = std::time::Duration::from_millis(10);
    filled(&first).await;
    damage(directory.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let (mut unnamed, mut ended) = (Vec::new(), Vec::new());
    for (table, columns) in columns(directory.path()) {
        for column in columns {
            let copied = tempfile::tempdir().expect("as planned");
            copy(directory.path(), copied.path());
            if damage_column(copied.path(), &table, &column) == 0 {
                continue;
            }
            let mut config = first.clone();
            config.server.data_dir = copied.path().to_owned();
            let of = table.clone();
            // In a task of its own, so that every column is tried and not only those before the first failure.
            let tried = tokio::task::LocalSet::new();
            let lived = tried.spawn_local(async move { live_through(&config, &of).await });
            match tried.run_until(lived).await {
                Ok(damaged) if damaged.is_empty() => unnamed.push(format!("{table}.{column}")),
                Ok(_) => {}
                Err(why) => ended.push(format!("{table}.{column}: {why}")),
            }
        }
    }
    assert_eq!(ended, Vec::<String>::new(), "met by nobody: {unnamed:?}");
}
