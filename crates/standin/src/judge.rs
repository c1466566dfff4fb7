//! The judge: admits a call or turns it away, has its work done at its end, and keeps the book. It knows nothing of
//! connections or of any one vendor's ways; the server brings it requests and takes its answers.

use crate::chance::Chance;
use crate::clock::{Clock, EpochUs, Moment};
use crate::latency::{Sampler, Work};
use crate::meter::{Meter, Reading};
use crate::options::{Conduct, Faults, LongRunning, OptionsError, Window};
use crate::report::{LatencyMs, Report, Span, WindowSeen};
use crate::request::Arrival;
use crate::response::VendorResponse;
use crate::vendor::{Admission, Beginning, Call, Rejection, Used, Vendor, Weight};
use crate::writes::{Novelty, Writes};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

/// Everything one stand-in knows, behind one lock: what is counted together is decided together.
#[derive(Debug)]
pub(crate) struct Judge {
    book: Mutex<Book>,
    /// Rises with every change of the book, for those who wait for one.
    changes: watch::Sender<u64>,
}

/// The limits a judge holds a client to.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) in_flight: u32,
    pub(crate) long_running: Option<LongRunning>,
    pub(crate) windows: Vec<Window>,
}

/// What becomes of an arriving request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// This answer, after a while.
    Answered(Ending, Duration),
    /// Let in: wait for the work, then bring the job to its [end](Judge::end).
    Accepted(Job, Work),
    /// This answer at once; the job goes on in the background all the same.
    Background(Ending, Job, Work),
}

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Job {
    call: Call,
    started: Moment,
    holds_slot: bool,
    fault: Option<Fault>,
    /// What the vendor calls it, where it goes on after its answer.
    background: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    LostAnswer,
    ServerError,
}

/// The end of a call.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client gets this answer.
    Answered(VendorResponse),
    /// The work is done, and no byte of an answer may reach the client.
    AnswerLost,
}

impl Judge {
    /// A judge of a vendor's account.
    pub(crate) fn new(
        vendor: Box<dyn Vendor>,
        limits: &Limits,
        conduct: &Conduct,
    ) -> Result<Judge, OptionsError> {
        let book = Mutex::new(Book::new(vendor, limits, conduct)?);
        Ok(Judge {
            book,
            changes: watch::Sender::new(0),
        })
    }

    /// A request has arrived whole.
    pub(crate) fn receive(&self, arrival: Arrival) -> Verdict {
        self.change(|book| book.receive(arrival))
    }

    /// The work of a call has ended. The call has left before its answer does, so that a client which
    /// sends its next call on this answer finds the slot free.
    pub(crate) fn end(&self, job: Job) -> Ending {
        self.change(|book| book.end(job))
    }

    /// The work of a call that was answered before has ended in the background.
    pub(crate) fn finish(&self, job: Job) {
        self.change(|book| book.finish(job));
    }

    /// The client of a call in flight has hung up. The vendor works on.
    pub(crate) fn note_abandoned(&self) {
        self.change(|book| book.counted.abandoned += 1);
    }

    /// Changes the limits from now on.
    pub(crate) fn change_limits(&self, in_flight: u32, in_windows: &[u64]) {
        self.change(|book| {
            book.meter.change_limits(in_flight, in_windows);
            book.counted.change_limits(in_flight, in_windows);
        });
    }

    /// Everything seen so far.
    pub(crate) fn report(&self) -> Report {
        let (mut report, durations) = {
            let book = self.book();
            (book.counts(), book.durations_us())
        };
        report.latency_ms = LatencyMs::of(durations);
        report
    }

    /// The calls that have ended, in the order of their ends.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.book().spans.iter().cloned().collect()
    }

    /// Waits until the counts are as wanted. They come without the latency percentiles, which are too expensive to
    /// compute at every change.
    pub(crate) async fn wait_for(&self, wanted: impl Fn(&Report) -> bool) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if wanted(&self.book().counts()) {
                return;
            }
            changes
                .changed()
                .await
                .expect("the judge holds the sender while it waits");
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book
            .lock()
            .expect("nothing panics while it holds the book")
    }

    fn change<T>(&self, apply: impl FnOnce(&mut Book) -> T) -> T {
        let outcome = apply(&mut self.book());
        self.changes
            .send_modify(|changes| *changes = changes.wrapping_add(1));
        outcome
    }
}

/// The book. Moments are read while it is locked, so that they enter the meter in their order.
#[derive(Debug)]
struct Book {
    vendor: Box<dyn Vendor>,
    clock: Clock,
    meter: Meter,
    writes: Writes,
    latency: Sampler,
    faults: Faults,
    fate: Chance,
    spans: VecDeque<Span>,
    spans_kept: usize,
    /// The limits and the counts that no other part keeps.
    counted: Report,
}

impl Book {
    fn new(
        vendor: Box<dyn Vendor>,
        limits: &Limits,
        conduct: &Conduct,
    ) -> Result<Book, OptionsError> {
        Ok(Book {
            vendor,
            clock: Clock::start(),
            meter: Meter::new(limits.in_flight, limits.long_running, &limits.windows),
            writes: Writes::default(),
            latency: Sampler::new(
                &conduct.latency,
                conduct.longest,
                Chance::new(conduct.seed, 1),
            )?,
            faults: conduct.faults,
            fate: Chance::new(conduct.seed, 2),
            spans: VecDeque::new(),
            spans_kept: conduct.spans_kept,
            counted: Report::of(limits),
        })
    }

    fn receive(&mut self, arrival: Arrival) -> Verdict {
        let now = self.clock.now();
        match self.vendor.admit(arrival, self.clock.epoch_us(now)) {
            Admission::Outside(answer) => self.answered(answer),
            Admission::TurnedAway { answer, limited } => {
                self.counted.calls += u64::from(limited);
                self.counted.unauthorised += u64::from(limited);
                self.answered(answer)
            }
            Admission::Call(call) => self.arrive(call, now),
        }
    }

    /// A call has arrived whole at a limited path.
    fn arrive(&mut self, call: Call, now: Moment) -> Verdict {
        let reading = self.meter.arrive(now);
        self.counted.calls += 1;
        self.note_violations(&reading);
        let busy = self.fate.happens(self.faults.busy_account);
        if reading.breaks_a_limit() {
            let rejection = self.vendor.throttled(&call, &reading);
            return self.reject(&call, now, rejection);
        }
        if busy {
            self.counted.throttles_injected += 1;
            let rejection = self.vendor.busy(&call);
            return self.reject(&call, now, rejection);
        }
        self.accept(call, now)
    }

    fn note_violations(&mut self, reading: &Reading) {
        self.counted.violations += u64::from(reading.breaks_a_limit());
        self.counted.broke_in_flight += u64::from(reading.breaks_in_flight);
        self.counted.broke_long_running += u64::from(reading.breaks_long_running);
        self.counted.broke_window += u64::from(reading.breaks_window());
    }

    fn reject(&mut self, call: &Call, now: Moment, rejection: Rejection) -> Verdict {
        self.counted.rejected += 1;
        count(&mut self.counted.rejected_by, rejection.answer.code);
        self.remember(call, now, now, false);
        match self.answered(rejection.answer) {
            Verdict::Answered(ending, _) => Verdict::Answered(ending, rejection.after),
            other => other,
        }
    }

    fn accept(&mut self, call: Call, now: Moment) -> Verdict {
        self.counted.accepted += 1;
        if call.writes {
            let key = call.idempotency_key.as_deref();
            let method = call.arrival.method.as_str();
            match self.writes.note(method, &call.record, key) {
                Novelty::First => {}
                Novelty::Repeated => self.counted.repeated += 1,
                Novelty::OtherKey => self.counted.repeated_with_other_key += 1,
            }
        }
        let fault = self.draw_fault();
        let work = match call.weight {
            Weight::Whole => self.latency.draw(),
            Weight::Instant => Work::Takes(Duration::ZERO),
        };
        let beginning = match fault {
            // None of its work is begun.
            Some(Fault::ServerError) => Beginning::Work,
            _ => self.vendor.begin(&call, self.clock.epoch_us(now)),
        };
        let mut job = Job {
            holds_slot: true,
            call,
            started: now,
            fault,
            background: None,
        };
        self.meter.enter(now);
        match beginning {
            Beginning::Work => Verdict::Accepted(job, work),
            Beginning::Answered(answer) => {
                self.leave(&job, now);
                Verdict::Answered(self.conclude(answer, fault), Duration::ZERO)
            }
            Beginning::Background {
                answer,
                job: named,
                holds_slot,
            } => {
                job.background = Some(named);
                let first = self.conclude(answer, fault);
                if !holds_slot {
                    self.free(&job, now);
                    job.holds_slot = false;
                }
                Verdict::Background(first, job, work)
            }
        }
    }

    /// Both are drawn for every call, so that the probability of one does not shift the other.
    fn draw_fault(&mut self) -> Option<Fault> {
        let broken = self.fate.happens(self.faults.server_error);
        let lost = self.fate.happens(self.faults.lost_answer);
        match (broken, lost) {
            (true, _) => Some(Fault::ServerError),
            (false, true) => Some(Fault::LostAnswer),
            (false, false) => None,
        }
    }

    fn end(&mut self, job: Job) -> Ending {
        let now = self.clock.now();
        self.leave(&job, now);
        if let Some(Fault::ServerError) = job.fault {
            self.counted.server_errors += 1;
            let answer = self.vendor.broken(&job.call, self.counted.server_errors);
            return self.conclude(answer, None);
        }
        let answer = self.vendor.perform(job.call, self.clock.epoch_us(now));
        self.conclude(answer, job.fault)
    }

    fn finish(&mut self, job: Job) {
        let now = self.clock.now();
        self.leave(&job, now);
        if let Some(named) = job.background {
            let now = self.clock.epoch_us(now);
            self.vendor.finish(named, job.call, now);
        }
    }

    fn free(&mut self, job: &Job, now: Moment) {
        if job.holds_slot {
            self.meter.leave(job.started, now);
        }
    }

    /// A call leaves its slot, if it holds one, and its span is remembered.
    fn leave(&mut self, job: &Job, now: Moment) {
        self.free(job, now);
        self.remember(&job.call, job.started, now, true);
    }

    /// The answer of a call that was let in reaches its client, or not.
    fn conclude(&mut self, mut answer: VendorResponse, fault: Option<Fault>) -> Ending {
        if (400..500).contains(&answer.status) {
            self.counted.refused += 1;
            count(&mut self.counted.refused_by, answer.code);
        }
        if fault == Some(Fault::LostAnswer) {
            self.counted.lost_answers += 1;
            return Ending::AnswerLost;
        }
        self.dress(&mut answer);
        Ending::Answered(answer)
    }

    fn answered(&self, mut answer: VendorResponse) -> Verdict {
        self.dress(&mut answer);
        Verdict::Answered(Ending::Answered(answer), Duration::ZERO)
    }

    fn dress(&self, answer: &mut VendorResponse) {
        let used: Vec<Used> = self
            .meter
            .in_windows()
            .map(|(calls, limit)| Used { calls, limit })
            .collect();
        self.vendor.dress(answer, &used);
    }

    fn remember(&mut self, call: &Call, started: Moment, ended: Moment, accepted: bool) {
        self.spans.push_back(Span {
            started_at_us: self.clock.epoch_us(started),
            ended_at_us: self.clock.epoch_us(ended),
            accepted,
            method: call.arrival.method.to_string(),
            record: call.record.clone(),
            idempotency_key: call.idempotency_key.clone(),
        });
        while self.spans.len() > self.spans_kept {
            self.spans.pop_front();
        }
    }

    fn counts(&self) -> Report {
        let now = self.clock.now();
        let mut report = Report {
            in_flight: self.meter.in_flight(),
            max_in_flight: self.meter.max_in_flight(),
            max_long_running: self.meter.max_long_running(now),
            busy_slot_seconds: self.meter.busy_seconds(now),
            ..self.counted.clone()
        };
        for (seen, most) in report.windows.iter_mut().zip(self.meter.most_in_windows()) {
            seen.most = most;
        }
        report.max_in_window = report
            .windows
            .first()
            .map_or(0, |seen: &WindowSeen| seen.most);
        self.vendor.tell(&mut report);
        report
    }

    fn durations_us(&self) -> Vec<EpochUs> {
        let accepted = self.spans.iter().filter(|span| span.accepted);
        accepted
            .map(|span| span.ended_at_us - span.started_at_us)
            .collect()
    }
}

fn count(counts: &mut std::collections::BTreeMap<String, u64>, what: &str) {
    *counts.entry(what.to_owned()).or_default() += 1;
}
