//! How long it takes to start a call, with the real gate and the real store: for `rampmeter bench`. A writer without a
//! thread; its calls are never sent, and each is answered at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rampmeter_call::{Answer, Outcome};
use rampmeter_config::Config;
use rampmeter_dispatch::{PermitId, Priority};
use rampmeter_store::model::id::TargetId;
use rampmeter_store::model::sqs::SendMessage;
use rampmeter_store::{Store, StoreFailure};
use serde_json::Value;

use crate::apply::subject::Subject;
use crate::commit::open::OpenError;
use crate::commit::recovery::recover;
use crate::commit::transaction::Transaction;
use crate::commit::writer::Writer;

/// Calls sent in one transaction while a lane is filled.
const FILLED_AT_ONCE: u64 = 10_000;

/// A target with calls that wait.
#[derive(Debug)]
pub struct Decisions {
    writer: Writer,
    target: TargetId,
    queue: Arc<str>,
}

impl Decisions {
    /// Makes a fresh store in `config.server.data_dir`, which must exist, for the one target of the configuration, with
    /// `waiting` calls in its BATCH lane. A limit of the target must admit one call at a time.
    ///
    /// # Errors
    /// When the store cannot be made.
    pub fn new(config: &Config, waiting: u64) -> Result<Decisions, OpenError> {
        let path = rampmeter_store::store_path(&config.server.data_dir);
        let store = Store::open(&path).map_err(|error| OpenError::Store(error.to_string()))?;
        let writer = recover(store, config, false, Duration::ZERO)?.writer;
        let (id, target) = writer
            .memory
            .calls
            .targets
            .first_key_value()
            .expect("the configuration has a target");
        let (target, queue) = (*id, format!("{}-batch", target.config.name).into());
        let mut decisions = Decisions {
            writer,
            target,
            queue,
        };
        let mut left = waiting;
        while left > 0 {
            let now = left.min(FILLED_AT_ONCE);
            decisions.send(now)?;
            left -= now;
        }
        Ok(decisions)
    }

    /// Starts `calls` calls, one after another, and returns how long each start took: the gate's decision, finding the
    /// first call of the lane, and writing its permit and slots. Each is then answered, and another call takes its
    /// place in the lane; neither that nor the commit is counted.
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Panics
    /// When the limits do not admit exactly one call.
    pub fn start(&mut self, calls: u32) -> Result<Vec<Duration>, OpenError> {
        let mut took = Vec::new();
        for _ in 0..calls {
            took.push(self.start_one()?);
            self.send(1)?;
        }
        Ok(took)
    }

    /// Calls that wait.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.writer.memory.calls.targets[&self.target].ready[Priority::Batch.index()]
    }

    fn start_one(&mut self) -> Result<Duration, StoreFailure> {
        let now = self.writer.clock.now();
        self.writer.store.begin()?;
        let mut transaction = Transaction::new(&self.writer.store, &mut self.writer.memory, now);
        let begin = Instant::now();
        transaction.calls().permits().start_calls()?;
        let took = begin.elapsed();
        let permits: Vec<PermitId> = transaction
            .journal
            .out
            .calls
            .iter()
            .map(|call| call.permit)
            .collect();
        let [permit] = permits[..] else {
            panic!("{} calls started instead of one", permits.len());
        };
        let answer = Answer {
            status: 200,
            status_text: "OK".to_owned(),
            headers: Vec::new(),
            body: Value::Null,
            ..Answer::default()
        };
        transaction
            .calls()
            .answered(self.target, permit, Outcome::Success(answer))?;
        transaction.workflow().resume_pending()?;
        // Nothing leaves: the outbox is dropped.
        drop(transaction.into_outbox());
        self.writer.store.commit()?;
        Ok(took)
    }

    fn send(&mut self, calls: u64) -> Result<(), StoreFailure> {
        let now = self.writer.clock.now();
        self.writer.store.begin()?;
        let mut transaction = Transaction::new(&self.writer.store, &mut self.writer.memory, now);
        for _ in 0..calls {
            let request = SendMessage {
                queue_url: self.queue.to_string(),
                body: r#"{"Method":"GET","Path":"/"}"#.to_owned(),
                ..SendMessage::default()
            };
            let sent = transaction
                .calls()
                .answer_to(|calls| calls.send_message(request))?;
            assert!(sent.is_ok(), "a call is sent: {sent:?}");
        }
        drop(transaction.into_outbox());
        self.writer.store.commit()
    }
}
