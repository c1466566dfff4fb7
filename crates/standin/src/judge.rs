//! The judge: lets a call in or turns it away, performs its work at its end, and keeps the book.
//! It knows nothing of connections; the server brings it calls and carries its answers away.

use crate::answer::Answer;
use crate::call::Call;
use crate::chance::Chance;
use crate::clock::{Clock, Moment, nanoseconds};
use crate::latency::{Sampler, Work};
use crate::meter::Meter;
use crate::options::{Faults, NetSuiteOptions, OptionsError};
use crate::records::{Novelty, Records, Writes};
use crate::report::{LatencyMs, Report, Span, WindowCount};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};
use tokio::sync::watch;

/// Everything one stand-in knows, behind one lock: what is counted together is decided together.
#[derive(Debug)]
pub(crate) struct Judge {
    book: Mutex<Book>,
    /// Rises with every change of the book, for those who wait for one.
    changes: watch::Sender<u64>,
}

/// What becomes of an arriving call.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Turned away with this answer.
    Rejected(Answer),
    /// Let in: wait for the work, then bring the job to its [end](Judge::end).
    Accepted(Job, Work),
}

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Job {
    call: Call,
    started: Moment,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    LostAnswer,
    ServerError,
}

/// The end of a call.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client gets this answer.
    Answered(Answer),
    /// The work is done, and no byte of an answer may reach the client.
    AnswerLost,
}

impl Judge {
    /// A judge of an account at `address`.
    pub(crate) fn new(
        options: &NetSuiteOptions,
        address: SocketAddr,
    ) -> Result<Judge, OptionsError> {
        let book = Mutex::new(Book::new(options, address)?);
        Ok(Judge {
            book,
            changes: watch::Sender::new(0),
        })
    }

    /// A call has arrived whole at a limited path.
    pub(crate) fn arrive(&self, call: Call) -> Verdict {
        self.change(|book| book.arrive(call))
    }

    /// The work of a call has ended. The call has left before its answer does, so that a client which
    /// sends its next call on this answer finds the slot free.
    pub(crate) fn end(&self, job: Job) -> Ending {
        self.change(|book| book.end(job))
    }

    /// A call at a limited path did not say who it is. It touches no limit: the vendor does not know
    /// whose limit it would be.
    pub(crate) fn turn_away_unauthorised(&self) -> Answer {
        self.change(|book| {
            book.counted.calls += 1;
            book.counted.unauthorised += 1;
        });
        Answer::invalid_login()
    }

    /// The client of a call in flight has hung up. The vendor works on.
    pub(crate) fn note_abandoned(&self) {
        self.change(|book| book.counted.abandoned += 1);
    }

    /// Other limits from now on.
    pub(crate) fn change_limits(&self, in_flight: u32, in_windows: &[u64]) {
        self.change(|book| {
            book.meter.change_limits(in_flight, in_windows);
            book.counted.limit_in_flight = in_flight;
            if let Some(first) = in_windows.first() {
                book.counted.limit_in_window = *first;
            }
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

    /// Waits until the counts are as wanted. They come without the latency percentiles, which are too
    /// dear to compute at every change.
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
    clock: Clock,
    meter: Meter,
    records: Records,
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
    fn new(options: &NetSuiteOptions, address: SocketAddr) -> Result<Book, OptionsError> {
        options.check()?;
        let window = nanoseconds(options.window);
        let counted = Report {
            limit_in_flight: options.max_in_flight,
            limit_in_window: options.calls_per_window,
            window_ms: u64::try_from(options.window.as_millis()).unwrap_or(u64::MAX),
            ..Report::default()
        };
        Ok(Book {
            clock: Clock::start(),
            meter: options.further_windows.iter().fold(
                Meter::new(options.max_in_flight, options.calls_per_window, window),
                |meter, (calls, window)| meter.and_window(*calls, nanoseconds(*window)),
            ),
            records: Records::new(format!("http://{address}")),
            writes: Writes::default(),
            latency: Sampler::new(
                &options.latency,
                options.longest,
                Chance::new(options.seed, 1),
            )?,
            faults: options.faults,
            fate: Chance::new(options.seed, 2),
            spans: VecDeque::new(),
            spans_kept: options.spans_kept,
            counted,
        })
    }

    fn arrive(&mut self, call: Call) -> Verdict {
        let now = self.clock.now();
        let reading = self.meter.arrive(now);
        self.counted.calls += 1;
        self.counted.violations += u64::from(reading.breaks_a_limit());
        self.counted.broke_in_flight += u64::from(reading.breaks_in_flight);
        self.counted.broke_window += u64::from(reading.breaks_window);
        let busy = self.fate.happens(self.faults.busy_account);
        if reading.breaks_in_flight || busy {
            return self.reject(&call, now, Answer::too_many_in_flight());
        }
        if reading.breaks_window {
            return self.reject(&call, now, Answer::too_many_in_window());
        }
        self.accept(call, now)
    }

    fn reject(&mut self, call: &Call, now: Moment, answer: Answer) -> Verdict {
        self.counted.rejected += 1;
        self.remember(call, now, now, false);
        Verdict::Rejected(answer)
    }

    fn accept(&mut self, call: Call, now: Moment) -> Verdict {
        self.counted.accepted += 1;
        self.meter.enter(now);
        if call.request.writes() {
            match self.writes.note(&call) {
                Novelty::First => {}
                Novelty::Repeated => self.counted.repeated += 1,
                Novelty::OtherKey => self.counted.repeated_with_other_key += 1,
            }
        }
        // Both are drawn for every call, so that the probability of one does not shift the other.
        let broken = self.fate.happens(self.faults.server_error);
        let lost = self.fate.happens(self.faults.lost_answer);
        let fault = match (broken, lost) {
            (true, _) => Some(Fault::ServerError),
            (false, true) => Some(Fault::LostAnswer),
            (false, false) => None,
        };
        Verdict::Accepted(
            Job {
                call,
                started: now,
                fault,
            },
            self.latency.draw(),
        )
    }

    fn end(&mut self, job: Job) -> Ending {
        let now = self.clock.now();
        self.meter.leave(now);
        self.remember(&job.call, job.started, now, true);
        if let Some(Fault::ServerError) = job.fault {
            self.counted.server_errors += 1;
            return Ending::Answered(Answer::unexpected_error(self.counted.server_errors));
        }
        let answer = self.records.perform(job.call);
        self.counted.refused += u64::from(answer.status >= 400);
        if let Some(Fault::LostAnswer) = job.fault {
            self.counted.lost_answers += 1;
            return Ending::AnswerLost;
        }
        Ending::Answered(answer)
    }

    fn remember(&mut self, call: &Call, started: Moment, ended: Moment, accepted: bool) {
        self.spans.push_back(Span {
            started_at_us: self.clock.epoch_us(started),
            ended_at_us: self.clock.epoch_us(ended),
            accepted,
            method: call.method.clone(),
            record: call.record.clone(),
            idempotency_key: call.idempotency_key.clone(),
        });
        while self.spans.len() > self.spans_kept {
            self.spans.pop_front();
        }
    }

    fn counts(&self) -> Report {
        Report {
            in_flight: self.meter.in_flight(),
            max_in_flight: self.meter.max_in_flight(),
            max_in_window: self.meter.max_in_window(),
            further_windows: self
                .meter
                .further_windows()
                .map(|(limit, length, max)| WindowCount {
                    limit,
                    window_ms: length / 1_000_000,
                    max,
                })
                .collect(),
            busy_slot_seconds: self.meter.busy_seconds(self.clock.now()),
            duplicates_created: self.records.duplicates_created(),
            records: self.records.count(),
            ..self.counted.clone()
        }
    }

    fn durations_us(&self) -> Vec<i64> {
        let accepted = self.spans.iter().filter(|span| span.accepted);
        accepted
            .map(|span| span.ended_at_us - span.started_at_us)
            .collect()
    }
}
