//! One call, from its message to its end: read it, ask whether its task still waits, make the call, tell the task,
//! delete the message. A message is deleted only after its task was told, or when nobody waits for it any more.

use std::time::{Duration, SystemTime};

use rampmeter_asl::Selector;
use rampmeter_call::{
    CallMessage, CallRules, INVALID_MESSAGE, JobAction, Judgement, NextAction, OnUnknown, Outcome,
    Request, job::FollowUp,
};
use rampmeter_caller::Attempt;
use rampmeter_config::Target;
use rampmeter_dispatch::Time;

use crate::clock::{Clock, system_time};
use crate::conclusion::{TaskResult, ending_of};
use crate::ending::{Ending, call_of};
use crate::event::Message;
use crate::hiding::hidden;
use crate::job::Job;
use crate::random::random;
use crate::selection;
use crate::service::table::{CallRecord, TableError};
use crate::service::tasks::Waits;
use crate::trace::TraceHeader;
use crate::worker::Worker;
use crate::xray::segment::Segment;

/// How long a message is left alone after an AWS service failed.
const TROUBLE: Duration = Duration::from_secs(5);
/// The longest time for which a message is hidden because its target is closed: the target may open sooner.
const MAX_CLOSED: Duration = Duration::from_secs(900);
/// The pauses between attempts to report a task's result.
const TELL_AGAIN: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(5)];

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its call is over and the message deleted.
    Over,
    /// It is in its queue again.
    HandedBack,
}

/// A call and when it must be over.
pub(crate) struct Call<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) clock: Clock,
    pub(crate) message: &'a Message,
    /// It may not leave later than this.
    pub(crate) leave_before: Time,
    /// When the environment has no more time.
    pub(crate) give_up_at: Time,
    /// The segment that reports it to X-Ray, if its trace is recorded.
    pub(crate) segment: Option<&'a Segment>,
}

/// A call that may leave.
struct Ready {
    request: Request,
    attempt: Attempt,
    /// Selects the part of its answer that the workflow gets.
    selector: Option<Selector>,
    token: Option<String>,
    /// Until when the vendor may be at work on an attempt before, whose answer was lost.
    lost_before: Option<Time>,
}

/// What one attempt came to.
pub(crate) enum Attempted {
    /// It is over: its task, if it has one, is to be told.
    Over {
        token: Option<String>,
        told: TaskResult,
    },
    /// The same, for a result that was noted because it could not be reported; its task may have been told all the
    /// same.
    Noted {
        token: Option<String>,
        told: TaskResult,
    },
    /// Nobody waits for it.
    Gone,
    /// It is to be tried again.
    Again {
        after: Duration,
        record: Box<CallRecord>,
    },
    /// No request left; one may leave after a while.
    Back { after: Duration },
}

impl Call<'_> {
    /// Serves a message with one permit. `ended` is called as soon as it is known how the permit ended, and returns
    /// what the gate says of it.
    pub(crate) async fn serve<J: Future<Output = Judgement>>(
        &self,
        ended: impl FnOnce(Ending) -> J,
    ) -> Fate {
        let recalled = self.recall().await;
        let attempted = match recalled {
            Ok(record) => self.attempt(record, ended).await,
            Err(error) => {
                tracing::warn!(%error, message_id = self.message.id, "nothing is known of earlier attempts");
                drop(ended(Ending::Unused));
                Attempted::Back { after: TROUBLE }
            }
        };
        match attempted {
            Attempted::Over { token, told } => self.conclude(token.as_deref(), told, false).await,
            Attempted::Noted { token, told } => self.conclude(token.as_deref(), told, true).await,
            Attempted::Gone => self.forget().await,
            Attempted::Again { after, record } => {
                self.remember(&record).await;
                self.hand_back(after).await
            }
            Attempted::Back { after } => self.hand_back(after).await,
        }
    }

    /// Makes one attempt at the call, or one poll of its job.
    pub(crate) async fn attempt<J: Future<Output = Judgement>>(
        &self,
        mut record: CallRecord,
        ended: impl FnOnce(Ending) -> J,
    ) -> Attempted {
        let ready = match self.prepare(&mut record).await {
            Ok(ready) => ready,
            Err(attempted) => {
                drop(ended(Ending::Unused));
                return attempted;
            }
        };
        match record.job.take() {
            Some(job) => self.poll(ready, job, record, ended).await,
            None => self.make(ready, record, ended).await,
        }
    }

    /// Reads the message and finds out whether an attempt may leave. `Err`: none does, and the permit was not used.
    async fn prepare(&self, record: &mut CallRecord) -> Result<Ready, Attempted> {
        let target = &self.worker.target;
        let call = match CallMessage::parse(&self.message.body, &target.account) {
            Ok(call) => call,
            Err(invalid) => {
                let told = TaskResult::failure(INVALID_MESSAGE, &invalid.to_string(), 0);
                let token = invalid.task_token().map(str::to_owned);
                return Err(Attempted::Over { token, told });
            }
        };
        let token = call.task_token.clone();
        let selector = match served(&call, target) {
            Ok(selector) => selector,
            Err(reason) => {
                let told = TaskResult::failure(INVALID_MESSAGE, &reason, 0);
                return Err(Attempted::Over { token, told });
            }
        };
        if let Some(told) = record.told.take() {
            return Err(Attempted::Noted { token, told });
        }
        if let Some(token) = &token {
            match self.worker.tasks.heartbeat(token, self.trace()).await {
                Ok(Waits::Yes) => {}
                Ok(Waits::No) => return Err(Attempted::Gone),
                Err(error) => {
                    tracing::warn!(%error, message_id = self.message.id, "the task cannot be asked");
                    return Err(Attempted::Back { after: TROUBLE });
                }
            }
        }
        if record.unknown
            && let NextAction::Failed(failed) = self.rules(record).after_crash("worker", 1)
        {
            let told = TaskResult::of(&failed);
            return Err(Attempted::Over { token, told });
        }
        let request = call.into_request(&self.message.id);
        let on_unknown = target.on_unknown_of(&request);
        // Where no attempt is noted before it leaves, any of them may be the one that was lost.
        let lost = record
            .lost_until
            .or(record.first_sent.filter(|_| record.unknown));
        let ask_first = on_unknown == OnUnknown::Reconcile && lost.is_some();
        if !self.leaves(record).await {
            let after = Duration::ZERO;
            return Err(Attempted::Back { after });
        }
        let attempt = Attempt {
            first_sent: record.first_sent.map(system_time),
            ask_first,
            lost_before: lost.is_some(),
            at_work_for: lost.map_or(Duration::ZERO, |until| {
                until.saturating_since(self.clock.now())
            }),
        };
        Ok(Ready {
            request,
            attempt,
            selector,
            token,
            lost_before: lost,
        })
    }

    /// The call itself.
    async fn make<J: Future<Output = Judgement>>(
        &self,
        ready: Ready,
        mut record: CallRecord,
        ended: impl FnOnce(Ending) -> J,
    ) -> Attempted {
        let target = &self.worker.target;
        self.count_start();
        let started_at = self.clock.now();
        let outcome = self.send(&ready.request, &ready.attempt).await;
        record.lost_until = self.lost_until(ready.lost_before, &outcome, started_at);
        if let Some(follow_up) = self.followed(&ready.request, &outcome) {
            drop(ended(self.ending_of(&outcome, &record)));
            self.count("JobAccepted");
            let now = self.clock.now();
            let job = Job::accepted(follow_up, now);
            let after = job.pause(target, now);
            (record.job, record.unknown) = (Some(job), false);
            return Attempted::Again {
                after,
                record: Box::new(record),
            };
        }
        let judgement = ended(self.ending_of(&outcome, &record)).await;
        let token = ready.token;
        match self.rules(&record).after(outcome, judgement) {
            NextAction::Done(answer) => {
                let answer = selection::cut(ready.selector.as_ref(), answer);
                let told = TaskResult::success(&answer);
                Attempted::Over { token, told }
            }
            NextAction::Failed(failed) => {
                let told = TaskResult::of(&failed);
                Attempted::Over { token, told }
            }
            NextAction::Again {
                after,
                attempts,
                refusals,
                unknown,
                // A message that goes back to its queue is behind the others anyway.
                set_back: _,
            } => {
                self.count("CallRepeated");
                let after = after.max(closed_for(judgement));
                record.attempts = attempts;
                record.refusals = refusals;
                record.unknown = unknown;
                Attempted::Again {
                    after,
                    record: Box::new(record),
                }
            }
        }
    }

    /// Until when the vendor may be at work on an attempt of the call whose answer was lost, this one among them. What
    /// answers, be it with an error, is at work no more.
    fn lost_until(
        &self,
        before: Option<Time>,
        outcome: &Outcome,
        started_at: Time,
    ) -> Option<Time> {
        let now = self.clock.now();
        if !outcome.may_have_been_done() {
            return before;
        }
        let target = &self.worker.target;
        let until = match outcome {
            Outcome::Unknown { .. } => started_at
                .saturating_add(target.timeout)
                .max(now)
                .saturating_add(target.hold_after_timeout),
            _ => now,
        };
        before.max(Some(until))
    }

    /// A poll of the job that the call became.
    async fn poll<J: Future<Output = Judgement>>(
        &self,
        ready: Ready,
        job: Job,
        mut record: CallRecord,
        ended: impl FnOnce(Ending) -> J,
    ) -> Attempted {
        self.count("JobLooked");
        let request = job.follow_up.request();
        let outcome = self.send(&request, &Attempt::default()).await;
        let judgement = ended(self.ending_of(&outcome, &record)).await;
        let token = ready.token;
        let times = (self.clock.now(), SystemTime::now());
        let profile = &self.worker.target.profile;
        let result = profile.poll_result(&job.follow_up, outcome, times.1);
        match job.after_poll(&self.rules(&record), result, judgement, times.0) {
            JobAction::Done(answer) => {
                let answer = selection::cut(ready.selector.as_ref(), answer);
                let told = TaskResult::success(&answer);
                Attempted::Over { token, told }
            }
            JobAction::Failed(failed) => {
                let told = TaskResult::of(&failed);
                Attempted::Over { token, told }
            }
            JobAction::Again { follow_up, after } => {
                let after = after.max(closed_for(judgement));
                record.job = Some(job.goes_on(follow_up));
                Attempted::Again {
                    after,
                    record: Box::new(record),
                }
            }
        }
    }

    /// What happens to the call if its answer is lost. A message that is not a call is not sent again.
    fn on_unknown(&self) -> OnUnknown {
        let target = &self.worker.target;
        match CallMessage::parse(&self.message.body, &target.account) {
            Ok(call) => target.on_unknown_of(&call.into_request(&self.message.id)),
            Err(_) => OnUnknown::Fail,
        }
    }

    /// The rules that decide the next action.
    fn rules(&self, record: &CallRecord) -> CallRules {
        let target = &self.worker.target;
        target.call_rules(
            record.attempts,
            record.refusals,
            random(),
            self.on_unknown(),
        )
    }

    fn ending_of(&self, outcome: &Outcome, record: &CallRecord) -> Ending {
        ending_of(outcome, call_of(&self.message.id), record.refusals)
    }

    /// The job that an answer announces, where jobs are followed. Without a table the job could not be remembered.
    fn followed(&self, request: &Request, outcome: &Outcome) -> Option<FollowUp> {
        self.worker.table.as_ref()?;
        let profile = &self.worker.target.profile;
        profile.job_of(request.endpoint.as_deref(), outcome)
    }

    /// One request to the vendor.
    async fn send(&self, request: &Request, attempt: &Attempt) -> Outcome {
        let caller = &self.worker.caller;
        let began = self.clock.now();
        let outcome = caller.attempt(request, attempt).await;
        let times = (began, self.clock.now());
        let tracer = &self.worker.tracer;
        tracer.attempted(self.segment, (caller.profile(), request), times, &outcome);
        outcome
    }

    /// Notes that an attempt leaves, where that matters later. `false`: it may no longer leave.
    async fn leaves(&self, record: &mut CallRecord) -> bool {
        let now = self.clock.now();
        record.first_sent = record.first_sent.or(Some(now));
        if now > self.leave_before {
            return false;
        }
        if record.job.is_some() {
            return true;
        }
        if self.on_unknown() == OnUnknown::Retry || self.worker.table.is_none() {
            return true;
        }
        let before = (record.unknown, record.lost_until);
        record.unknown = true;
        // If nobody is left to note its answer, the vendor may be at work on it for so long.
        let target = &self.worker.target;
        let until = now
            .saturating_add(target.timeout)
            .saturating_add(target.hold_after_timeout);
        record.lost_until = record.lost_until.max(Some(until));
        let noted = self.note(record).await;
        if let Err(error) = &noted {
            tracing::warn!(%error, message_id = self.message.id, "an attempt cannot be noted");
        }
        if noted.is_ok() && self.clock.now() <= self.leave_before {
            return true;
        }
        (record.unknown, record.lost_until) = before;
        self.remember(record).await;
        false
    }

    /// The trace to which it belongs.
    fn trace(&self) -> Option<&TraceHeader> {
        self.message.trace.as_ref()
    }

    fn count(&self, what: &'static str) {
        self.worker.metrics.add_of(self.message.lane, what);
    }

    fn count_start(&self) {
        let metrics = &self.worker.metrics;
        let lane = self.message.lane;
        self.count("CallStarted");
        if let Some(sent_at) = self.message.sent_at {
            let waited = self.clock.now().saturating_since(sent_at);
            metrics.waited(lane, waited.as_secs_f64() * 1_000.0);
        }
        if let Some(trace) = &self.message.trace {
            tracing::info!(
                message_id = self.message.id,
                xray_trace_id = trace.id(),
                "a call leaves"
            );
        }
    }

    /// The call is over: tells its task, keeps a dead letter of a failure, then deletes the message, in this order:
    /// whatever fails in between is done again. A noted result may have been reported before, so its dead letter is
    /// still owed when its task no longer waits.
    pub(crate) async fn conclude(
        &self,
        token: Option<&str>,
        told: TaskResult,
        was_noted: bool,
    ) -> Fate {
        let name = match &told {
            TaskResult::Success { .. } => "CallSucceeded",
            TaskResult::Failure { .. } => "CallFailed",
        };
        let mut is_owed = true;
        if let Some(token) = token {
            match self.tell(token, &told).await {
                Some(Waits::Yes) => {}
                Some(Waits::No) => is_owed = was_noted,
                None => return self.conclude_later(told).await,
            }
        }
        if let TaskResult::Failure { error, cause } = &told
            && is_owed
        {
            let queues = &self.worker.queues;
            let letter = queues.move_to_dead_letter(&self.message.body, error, cause, self.trace());
            if let Err(error) = letter.await {
                tracing::warn!(%error, message_id = self.message.id, "no dead letter could be sent");
                return self.conclude_later(told).await;
            }
            self.worker.metrics.add("DeadLetter", 1);
        }
        self.worker.metrics.add_of(self.message.lane, name);
        self.forget().await
    }

    /// Notes the result, so that whoever receives the message next needs no call to conclude it.
    async fn conclude_later(&self, told: TaskResult) -> Fate {
        let record = CallRecord {
            told: Some(told),
            ..CallRecord::default()
        };
        self.remember(&record).await;
        self.hand_back(TROUBLE).await
    }

    /// Reports to the task, again and again while there is time. Returns whether the task waited for it; `None` when it
    /// could not be told.
    async fn tell(&self, token: &str, told: &TaskResult) -> Option<Waits> {
        let mut pause = TELL_AGAIN[0];
        loop {
            match self.worker.tasks.tell(token, told, self.trace()).await {
                Ok(Waits::Yes) => return Some(Waits::Yes),
                Ok(Waits::No) => {
                    tracing::info!(
                        message_id = self.message.id,
                        "the answer came after its task had ended"
                    );
                    return Some(Waits::No);
                }
                Err(error) => {
                    tracing::warn!(%error, message_id = self.message.id, "the task cannot be told");
                    if self.clock.now().saturating_add(pause) >= self.give_up_at {
                        return None;
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(TELL_AGAIN[1]);
        }
    }

    /// What is remembered of earlier attempts; there can be something only if the message came before.
    async fn recall(&self) -> Result<CallRecord, TableError> {
        match &self.worker.table {
            Some(table) if self.message.receive_count > 1 => {
                let record = table.recall(&self.message.id, self.trace()).await?;
                Ok(record.unwrap_or_default())
            }
            _ => Ok(CallRecord::default()),
        }
    }

    async fn note(&self, record: &CallRecord) -> Result<(), TableError> {
        if let Some(table) = &self.worker.table {
            let now = self.clock.now();
            let noted = table.remember(&self.message.id, record, now, self.trace());
            self.worker.metrics.add("WriteUnits", noted.await?);
        }
        Ok(())
    }

    /// Remembers what a later receive needs. If that fails, an attempt goes uncounted, but no call is lost.
    async fn remember(&self, record: &CallRecord) {
        if record.job.is_some() {
            return self.remember_job(record).await;
        }
        let of_note =
            record.attempts > 0 || record.told.is_some() || self.on_unknown() != OnUnknown::Retry;
        if of_note && let Err(error) = self.note(record).await {
            tracing::warn!(%error, message_id = self.message.id, "an attempt is not counted");
        }
    }

    /// Remembers a job, again and again while there is time: unless it is remembered, its call will be sent again,
    /// under the same key.
    async fn remember_job(&self, record: &CallRecord) {
        let mut pause = TELL_AGAIN[0];
        while let Err(error) = self.note(record).await {
            tracing::warn!(%error, message_id = self.message.id, "a job is not noted");
            if self.clock.now().saturating_add(pause) >= self.give_up_at {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(TELL_AGAIN[1]);
        }
    }

    /// Lets others have the message, after a while.
    pub(crate) async fn hand_back(&self, after: Duration) -> Fate {
        let after = hidden(after, self.message.receive_count);
        if let Err(error) = self.worker.queues.hide(self.message, after).await {
            // It stays hidden for longer than it should.
            tracing::warn!(%error, message_id = self.message.id, "a message is handed back late");
        }
        Fate::HandedBack
    }

    /// Deletes the message: its call is over, or nobody waits for it.
    pub(crate) async fn forget(&self) -> Fate {
        match self.worker.queues.delete(self.message).await {
            Ok(()) => Fate::Over,
            Err(error) => {
                // It comes again, and then its task no longer waits.
                tracing::warn!(%error, message_id = self.message.id, "a message is not deleted");
                Fate::HandedBack
            }
        }
    }
}

/// How long a message is left alone while its target is closed. On one machine it waits in its lane, which costs
/// nothing; here each look at it costs a receive.
fn closed_for(judgement: Judgement) -> Duration {
    judgement.closed_for.unwrap_or_default().min(MAX_CLOSED)
}

/// The part of the answer that the call asks for, if this host can serve it. `Err` says why it cannot: the call fails
/// rather than be done differently from what its message says.
fn served(call: &CallMessage, target: &Target) -> Result<Option<Selector>, String> {
    if call.ordering_key.is_some() {
        return Err(
            "OrderingKey is not served on AWS: standard queues keep no order; let one execution make the calls that must follow each other"
                .to_owned(),
        );
    }
    selection::of_call(call, target)
}
