//! A drainer at work: carries out what `drainer` decides, many calls at once, until it ends.

mod drainer;
mod empty_hints;
mod action;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rampmeter_call::Judgement;
use rampmeter_dispatch::{PermitId, Priority, Time, Undecodable};
use thiserror::Error;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use self::action::{Action, Counts, Terms, Written};
use self::drainer::Drainer;
use crate::call::{Call, Fate};
use crate::clock::Clock;
use crate::ending::Ending;
use crate::event::Message;
use crate::hiding::hidden;
use crate::keeper::Keeper;
use crate::random::random;
use crate::service::table::{Put, Table, TableError};
use crate::shared::{Generation, Item};
use crate::worker::Worker;

pub(crate) use self::action::End;

/// The least time before its deadline at which a drainer starts nothing more.
const LAST_MINUTE: Duration = Duration::from_secs(60);
/// What a call needs besides its timeout: to leave, and for its task to be told.
const AROUND_A_CALL: Duration = Duration::from_secs(20);
/// How long before the deadline nothing more is attempted.
const NO_MORE: Duration = Duration::from_secs(5);
/// Failures of the table in a row after which a drainer gives up.
const MAX_FAILURES: u32 = 6;
/// How often what was counted is written.
const COUNTED_EVERY: Duration = Duration::from_secs(15);
/// The longest time for which the message that woke a drainer is hidden: it must wake another one.
const MAX_HANDED_BACK: Duration = Duration::from_secs(900);

/// A drainer could not go on.
#[derive(Debug, Error)]
pub(crate) enum DrainError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    State(#[from] Undecodable),
    #[error("the function's time-out leaves no time to start a call: it must be {0} s at least")]
    NoTime(u64),
}

/// How a drainer ended.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) end: Result<End, DrainError>,
    /// The message that woke it is still in its queue.
    pub(crate) keeps_message: bool,
}

/// Something that happened meanwhile.
enum Happened {
    Received {
        lane: Priority,
        permits: Vec<PermitId>,
        messages: Vec<Message>,
    },
    Ended {
        permit: PermitId,
        ending: Ending,
        /// Receives what the gate says of it, if it went wrong.
        judged: oneshot::Sender<Judgement>,
    },
}

/// Drains the target's queues. `hand` is the message that woke it.
pub(crate) async fn drain(
    worker: Arc<Worker>,
    table: Table,
    clock: Clock,
    hand: Option<Message>,
    deadline: Time,
) -> Drained {
    let now = clock.now();
    let rules = worker.target.rules.clone().shared();
    let ceiling = rules
        .shared_ceiling()
        .map_or(1, |ceiling| ceiling.in_flight);
    let last = LAST_MINUTE.max(worker.target.timeout + AROUND_A_CALL);
    let terms = Terms {
        rules,
        in_flight: ceiling,
        timeout: worker.target.timeout,
        hold: worker.target.hold_after_timeout,
        stop_at: before(deadline, last),
        generation: Generation::begun(worker.digest, now),
    };
    let lane = hand.as_ref().map(|message| message.lane);
    let (sender, happened) = unbounded_channel();
    let keeper = Keeper::default();
    let keeping = keeper.start(Arc::clone(&worker));
    let no_time = terms.stop_at <= now;
    let owner = u32::try_from(random() >> 33).expect("31 bits");
    let mut shell = Shell {
        drainer: Drainer::new(terms, owner, lane, now),
        table,
        clock,
        give_up_at: before(deadline, NO_MORE),
        woke: hand.as_ref().map(|message| message.id.clone()),
        // Until it is known to be over.
        keeps_message: hand.is_some(),
        hand,
        keeper,
        calls: JoinSet::new(),
        judged: BTreeMap::new(),
        sender,
        happened,
        failures: 0,
        counted: Counts::default(),
        count_at: Instant::now() + COUNTED_EVERY,
        worker,
    };
    if let Some(message) = &shell.hand {
        shell.keeper.keep(message);
        // The mapping hid it for as long as a function may take; after a crash it must come again sooner.
        if let Err(error) = shell
            .worker
            .queues
            .hide(message, crate::service::queues::HIDDEN)
            .await
        {
            tracing::warn!(%error, "the message that woke the worker stays hidden for long after a crash");
        }
    }
    let end = if no_time {
        Err(DrainError::NoTime(last.as_secs() + 10))
    } else {
        shell.work().await
    };
    if shell.hand.is_some() {
        shell.hand_back(Duration::ZERO).await;
    }
    shell.finish_calls().await;
    keeping.abort();
    shell.count();
    shell.worker.metrics.flush();
    Drained {
        end,
        keeps_message: shell.keeps_message,
    }
}

fn before(time: Time, duration: Duration) -> Time {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Time::from_micros(time.as_micros().saturating_sub(micros))
}

struct Shell {
    drainer: Drainer,
    worker: Arc<Worker>,
    table: Table,
    clock: Clock,
    give_up_at: Time,
    hand: Option<Message>,
    /// The id of the message that woke it.
    woke: Option<String>,
    keeps_message: bool,
    keeper: Keeper,
    calls: JoinSet<(String, Fate)>,
    /// The calls that wait for the gate's judgement.
    judged: BTreeMap<PermitId, oneshot::Sender<Judgement>>,
    sender: UnboundedSender<Happened>,
    happened: UnboundedReceiver<Happened>,
    failures: u32,
    counted: Counts,
    count_at: Instant,
}

impl Shell {
    async fn work(&mut self) -> Result<End, DrainError> {
        loop {
            while let Ok(happened) = self.happened.try_recv() {
                self.take(happened);
            }
            self.tell_judgements();
            while let Some(ended) = self.calls.try_join_next() {
                self.note_fate(ended.ok());
            }
            if Instant::now() >= self.count_at {
                self.count();
                self.worker.metrics.flush();
                self.count_at = Instant::now() + COUNTED_EVERY;
            }
            match self.drainer.step(self.clock.now(), random()) {
                Action::Read => self.read().await?,
                Action::Write {
                    state,
                    version,
                    generation,
                    orders,
                } => {
                    let next = version.map_or(1, |version| version + 1);
                    let item = Item {
                        state,
                        version: next,
                        generation,
                        orders,
                    };
                    self.write(item, version).await?;
                }
                Action::Receive { lane, permits } => self.receive(lane, permits),
                Action::UseHand { permit } => {
                    if let Some(message) = self.hand.take() {
                        self.start(permit, message);
                    }
                }
                Action::HandBack { after } => self.hand_back(after).await,
                Action::Wait(until) => {
                    let until = self.clock.instant(until);
                    tokio::select! {
                        Some(happened) = self.happened.recv() => self.take(happened),
                        () = tokio::time::sleep_until(until.into()) => {}
                    }
                }
                Action::End(end) => return Ok(end),
            }
        }
    }

    async fn read(&mut self) -> Result<(), DrainError> {
        match self.table.read().await {
            Ok(item) => {
                self.failures = 0;
                Ok(self.drainer.has_read(item.as_ref(), self.clock.now())?)
            }
            Err(error) => self.failed(error).await,
        }
    }

    /// Writes the item, if its version is still the one `before`.
    async fn write(&mut self, item: Item, before: Option<u64>) -> Result<(), DrainError> {
        let units = self.table.units(&item);
        self.worker.metrics.add("WriteUnits", units);
        let put = self.table.write(item, before).await;
        let written = match &put {
            Ok(Put::Done) => Written::Done,
            Ok(Put::Lost) | Err(_) => Written::Lost,
        };
        self.drainer
            .has_written(written, self.clock.now(), random());
        match put {
            Ok(_) => {
                self.failures = 0;
                Ok(())
            }
            Err(error) => self.failed(error).await,
        }
    }

    async fn failed(&mut self, error: TableError) -> Result<(), DrainError> {
        self.failures += 1;
        if self.failures > MAX_FAILURES {
            return Err(error.into());
        }
        tracing::warn!(%error, "the table fails");
        tokio::time::sleep(Duration::from_millis(50 << self.failures)).await;
        Ok(())
    }

    fn receive(&self, lane: Priority, permits: Vec<PermitId>) {
        let (worker, sender) = (Arc::clone(&self.worker), self.sender.clone());
        tokio::spawn(async move {
            let messages = worker.queues.receive(lane, permits.len()).await;
            let messages = messages.unwrap_or_else(|error| {
                tracing::warn!(%error, "a queue gives nothing");
                Vec::new()
            });
            // Nobody hears it only when the drainer has ended.
            let _ = sender.send(Happened::Received {
                lane,
                permits,
                messages,
            });
        });
    }

    fn take(&mut self, happened: Happened) {
        let now = self.clock.now();
        match happened {
            Happened::Received {
                lane,
                permits,
                messages,
            } => {
                let used = self
                    .drainer
                    .has_received(lane, &permits, messages.len(), now);
                for (permit, message) in used.into_iter().zip(messages) {
                    self.start(permit, message);
                }
            }
            Happened::Ended {
                permit,
                ending,
                judged,
            } => {
                if matches!(ending, Ending::Wrong(_)) {
                    self.judged.insert(permit, judged);
                }
                self.drainer.ended(permit, ending);
            }
        }
    }

    fn tell_judgements(&mut self) {
        for (permit, judgement) in self.drainer.take_judgements() {
            if let Some(judged) = self.judged.remove(&permit) {
                // Nobody hears it only when the call was given up.
                let _ = judged.send(judgement);
            }
        }
    }

    fn start(&mut self, permit: PermitId, mut message: Message) {
        let now = self.clock.now();
        let segment = self.worker.tracer.begin(&mut message, now);
        self.keeper.keep(&message);
        let leave_before = self.drainer.leave_before(permit).unwrap_or(now);
        let (worker, sender) = (Arc::clone(&self.worker), self.sender.clone());
        let (clock, give_up_at) = (self.clock, self.give_up_at);
        let keeper = self.keeper.clone();
        self.calls.spawn(async move {
            let call = Call {
                worker: &worker,
                clock,
                message: &message,
                leave_before,
                give_up_at,
                segment: segment.as_ref(),
            };
            let ended = |ending| {
                let (judged, hears) = oneshot::channel();
                // Nobody hears it only when the drainer has ended.
                let _ = sender.send(Happened::Ended {
                    permit,
                    ending,
                    judged,
                });
                async move {
                    match ending {
                        Ending::Wrong(_) => hears.await.unwrap_or(Judgement::CALL),
                        _ => Judgement::CALL,
                    }
                }
            };
            let fate = call.serve(ended).await;
            let tracer = &worker.tracer;
            tracer.end(segment.as_ref(), message.lane, clock.now());
            keeper.let_go(&message.id);
            (message.id, fate)
        });
    }

    async fn hand_back(&mut self, after: Duration) {
        let Some(message) = self.hand.take() else {
            return;
        };
        self.keeper.let_go(&message.id);
        let after = hidden(after.min(MAX_HANDED_BACK), message.receive_count);
        if let Err(error) = self.worker.queues.hide(&message, after).await {
            tracing::warn!(%error, "the message that woke the worker is handed back late");
        }
    }

    /// Lets the calls come to their end, while there is time.
    async fn finish_calls(&mut self) {
        // Nothing is written any more, so nobody waits for what the gate says.
        self.judged.clear();
        let deadline = self.clock.instant(self.give_up_at) + NO_MORE / 2;
        while !self.calls.is_empty() {
            tokio::select! {
                ended = self.calls.join_next() => self.note_fate(ended.and_then(Result::ok)),
                () = tokio::time::sleep_until(deadline.into()) => break,
            }
        }
    }

    fn note_fate(&mut self, ended: Option<(String, Fate)>) {
        match ended {
            Some((id, fate)) if self.woke.as_deref() == Some(&id) => {
                self.keeps_message = fate == Fate::HandedBack;
            }
            _ => {}
        }
    }

    /// Adds to the metrics what the drainer has counted since the last time.
    fn count(&mut self) {
        let (now, before) = (self.drainer.counts(), self.counted);
        let metrics = &self.worker.metrics;
        metrics.add("LeaseTaken", now.taken - before.taken);
        metrics.add("LeaseReturned", now.given_back - before.given_back);
        metrics.add("Write", now.writes - before.writes);
        metrics.add("WriteConflict", now.conflicts - before.conflicts);
        metrics.add("Throttle", now.throttles - before.throttles);
        let foreign = now.foreign_throttles - before.foreign_throttles;
        metrics.add("ForeignThrottle", foreign);
        self.counted = now;
    }
}
