//! The one thread that writes. It takes every waiting command, applies them in one transaction, syncs once, then
//! answers all of them and performs the effects. Nothing is acknowledged before it is on disk.
//!
//! A failure of the store ends the thread: what was not committed is neither acknowledged nor performed.

use std::collections::VecDeque;
use std::fs::File;
use std::time::Duration;

use rampmeter_clock::Clock;
use rampmeter_dispatch::Time;
use rampmeter_store::{Readable, Store, StoreFailure, readable};
use tokio::sync::{mpsc, oneshot, watch};

use crate::apply::workflow::work::FIRST;
use crate::command::Command;
use crate::commit::effects::EffectRunner;
use crate::commit::stopped::Stopped;
use crate::commit::transaction::Transaction;
use crate::memory::Memory;
use rampmeter_index::Target;

/// Commands applied in one transaction: enough to share a sync widely, few enough to answer soon.
const GROUP: usize = 512;

/// Executions that used up their transitions in an earlier transaction and go on in this one.
const CONTINUING: usize = GROUP / 4;

/// The longest sleep: the timer of a sleep stops while the machine is suspended, and what became due meanwhile
/// is noticed this soon after it wakes.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// The writer: the store, the clock, and what is remembered between two transactions.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) memory: Memory,
}

impl Writer {
    /// Runs until it is asked to stop or the store fails, and says which.
    pub(crate) fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        effects: &EffectRunner,
        stopped: &watch::Sender<Option<Stopped>>,
        lock: File,
    ) {
        let how = match self.work(&mut commands, effects) {
            Ok(done) => {
                for client in done {
                    // A client that has gone needs no answer.
                    let _ = client.send(());
                }
                Stopped::ShutDown
            }
            Err(error) => {
                tracing::error!(%error, "the store failed: nothing more is acknowledged");
                Stopped::Poisoned(error.to_string())
            }
        };
        // Once told of the end, the client may open the data directory at once.
        drop(self);
        drop(lock);
        stopped.send_replace(Some(how));
    }

    fn work(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        effects: &EffectRunner,
    ) -> Result<Vec<oneshot::Sender<()>>, StoreFailure> {
        // Executions that go on take at most a part of each group, so that they do not shut others out.
        if let Readable::Whole(ids) = readable(self.store.executions().continuing())? {
            self.memory.workflow.continuing.extend(ids);
        }
        // Those with something left to be told are told it before anything newer.
        for first in FIRST {
            let found = self.store.executions().continuing_with(first);
            if let Readable::Whole(ids) = readable(found)? {
                for id in ids {
                    self.memory.workflow.evaluations.wait(id);
                }
            }
        }
        let waiting = self
            .memory
            .workflow
            .continuing
            .iter()
            .copied()
            .map(Command::Continue);
        let mut continuing: VecDeque<Command> = waiting.collect();
        let mut group: VecDeque<Command> = VecDeque::new();
        let mut again = true;
        loop {
            if !again && continuing.is_empty() && group.is_empty() {
                let sleep = self.sleep()?;
                group.extend(wait(commands, &effects.runtime, sleep));
                if group.is_empty() && commands.is_closed() {
                    // Nobody is left to give commands.
                    return Ok(Vec::new());
                }
            }
            group.extend(continuing.drain(..continuing.len().min(CONTINUING)));
            while group.len() < GROUP {
                match commands.try_recv() {
                    Ok(command) => group.push_back(command),
                    Err(_) => break,
                }
            }
            let (next, unfinished) = self.transact(&mut group, effects)?;
            again = unfinished;
            continuing.extend(next);
            if group.is_empty()
                && let Some(done) = self.drained()
            {
                self.store.tidy()?;
                return Ok(done);
            }
        }
    }

    /// One transaction: it takes commands from the group until expressions have done enough. Returns the commands it made for the
    /// next, and whether more is due at once.
    fn transact(
        &mut self,
        group: &mut VecDeque<Command>,
        effects: &EffectRunner,
    ) -> Result<(Vec<Command>, bool), StoreFailure> {
        let now = self.clock.now();
        self.store.begin()?;
        let mut transaction = Transaction::new(&self.store, &mut self.memory, now);
        transaction.follow_date(self.clock.wall_ahead())?;
        let mut unfinished = transaction.fire_due()?;
        while !transaction.journal.has_evaluated_enough()
            && let Some(command) = group.pop_front()
        {
            transaction.apply(command)?;
        }
        unfinished |= transaction.start_what_waits()?;
        transaction.note_left_out()?;
        let outbox = transaction.into_outbox();
        let begun = std::time::Instant::now();
        self.store.put_stamp(&self.clock.stamp())?;
        self.store.commit()?;
        self.memory.commits.note(begun.elapsed());
        for ended in &outbox.ends {
            self.memory.workflow.ended.note(ended);
            self.memory.workflow.failure_log.tell(ended);
        }
        Ok((effects.perform(outbox), unfinished))
    }

    /// How long nothing is due.
    fn sleep(&self) -> Result<Duration, StoreFailure> {
        let now = self.clock.now();
        // Do not wait for what cannot be read: it is met, and set aside, when something else is due.
        let timer = match readable(self.store.executions().first_timer())? {
            Readable::Whole(at) => at.map(Time::from),
            Readable::Damaged(_) => None,
        };
        let delayed = match readable(self.store.messages().first_delayed())? {
            Readable::Whole(at) => at,
            Readable::Damaged(_) => None,
        };
        let waits = self.first_end_of_wait()?;
        let changes = self.memory.calls.targets.values();
        let changes = changes.filter_map(Target::first_expiry).min();
        let gates = match self.memory.draining {
            None => self
                .memory
                .calls
                .targets
                .values()
                .filter_map(|target| target.wake)
                .min(),
            Some(_) => None,
        };
        let drained = self.memory.draining.as_ref().map(|draining| draining.until);
        let receives = self.memory.queue.waiting.first_deadline();
        let workers = self.memory.workflow.polls.first_deadline();
        let moves = self.memory.queue.moves.values().map(|task| task.next).min();
        let next = [
            timer,
            delayed,
            waits,
            changes,
            gates,
            drained,
            receives,
            workers,
            moves,
            self.memory.queue.expiries.first(),
            Some(self.memory.control.forget_at),
        ];
        let next = next.into_iter().flatten().min();
        let wait = next.map_or(MAX_SLEEP, |next| {
            let micros = next.as_micros().saturating_sub(now.as_micros());
            Duration::from_micros(u64::try_from(micros).unwrap_or(0))
        });
        Ok(wait.min(MAX_SLEEP))
    }

    /// When the next call has waited for as long as its target allows.
    fn first_end_of_wait(&self) -> Result<Option<Time>, StoreFailure> {
        let mut first = None;
        for (id, target) in &self.memory.calls.targets {
            let Some(max_wait) = target.config.max_wait else {
                continue;
            };
            let Readable::Whole(Some(sent_at)) =
                readable(self.store.lanes().first_waiting_call(*id))?
            else {
                continue;
            };
            let end = sent_at.saturating_add(max_wait);
            first = Some(first.map_or(end, |first: Time| first.min(end)));
        }
        Ok(first)
    }

    /// Whom to tell, once no call is in flight or the time to drain is over.
    fn drained(&mut self) -> Option<Vec<oneshot::Sender<()>>> {
        let draining = self.memory.draining.as_ref()?;
        let quiet = self
            .memory
            .calls
            .targets
            .values()
            .all(|target| target.in_flight.is_empty())
            && self.memory.workflow.invocations.in_flight.is_empty();
        if quiet || self.clock.now() >= draining.until {
            return self.memory.draining.take().map(|draining| draining.done);
        }
        None
    }
}

/// Waits for a command, at most for `sleep`.
fn wait(
    commands: &mut mpsc::Receiver<Command>,
    runtime: &tokio::runtime::Handle,
    sleep: Duration,
) -> Option<Command> {
    if sleep.is_zero() {
        return None;
    }
    runtime.block_on(async {
        tokio::time::timeout(sleep, commands.recv())
            .await
            .ok()
            .flatten()
    })
}
