//! The threads that evaluate. A job first runs with the reach of ordinary work; one that takes more goes behind all others
//! and to threads of its own, so that jobs that never end hold up only their like. The threads have the lowest priority in
//! the system.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rampmeter_asl::Reach;

/// Something to evaluate: it does what it can within a reach and passes on the result, or says that it takes more.
pub type Job = Box<dyn FnMut(Reach) -> Attempt + Send>;

/// The result of running a job once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It is done, and its result is passed on.
    Done,
    /// It takes more. Nothing has happened.
    TakesMore,
}

/// Threads that evaluate until this is dropped. What waits then is dropped; what is running ends at its bound.
pub struct Workers {
    lanes: Arc<Lanes>,
}

/// What waits, and for which reach.
#[derive(Default)]
struct Lanes {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    long: VecDeque<Job>,
    full: VecDeque<Job>,
    is_over: bool,
}

impl fmt::Debug for Workers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Workers").finish_non_exhaustive()
    }
}

impl Workers {
    /// Starts the threads: half of the processors for each reach, at least one.
    ///
    /// # Errors If the system provides no thread.
    pub fn start() -> std::io::Result<Workers> {
        let workers = Workers {
            lanes: Arc::new(Lanes::default()),
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..(processors / 2).max(1) {
            for reach in [Reach::Long, Reach::Full] {
                let lanes = Arc::clone(&workers.lanes);
                std::thread::Builder::new()
                    .name("rampmeter-worker".to_owned())
                    .spawn(move || {
                        give_way();
                        while lanes.work(reach) {}
                    })?;
            }
        }
        Ok(workers)
    }

    /// Puts a job behind the others that have not run yet.
    pub fn submit(&self, job: Job) {
        self.lanes.put(Reach::Long, job);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut waiting = self.lanes.lock();
        *waiting = Waiting {
            is_over: true,
            ..Waiting::default()
        };
        drop(waiting);
        self.lanes.changed.notify_all();
    }
}

impl Lanes {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, reach: Reach, job: Job) {
        let mut waiting = self.lock();
        if !waiting.is_over {
            waiting.lane(reach).push_back(job);
        }
        drop(waiting);
        self.changed.notify_all();
    }

    /// The next job for a reach; none once the workers stop.
    fn take(&self, reach: Reach) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if waiting.is_over {
                return None;
            }
            if let Some(job) = waiting.lane(reach).pop_front() {
                return Some(job);
            }
            let woken = self.changed.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Runs one job. Returns whether there can be more.
    fn work(&self, reach: Reach) -> bool {
        let Some(mut job) = self.take(reach) else {
            return false;
        };
        if job(reach) == Attempt::TakesMore {
            assert!(
                reach != Reach::Full,
                "what is over the full reach has failed"
            );
            self.put(Reach::Full, job);
        }
        true
    }
}

impl Waiting {
    fn lane(&mut self, reach: Reach) -> &mut VecDeque<Job> {
        match reach {
            Reach::Full => &mut self.full,
            Reach::Brief | Reach::Long => &mut self.long,
        }
    }
}

/// Lets every other thread go first on a processor. A system without this loses nothing but the order.
fn give_way() {
    if let Err(why) = rustix::process::nice(10) {
        tracing::debug!(%why, "the workers have the priority of everybody else");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_takes_long_holds_up_nothing_that_does_not() {
        let workers = Workers::start().unwrap();
        let (release, held) = channel::<()>();
        let (begun, has_begun) = channel();
        workers.submit(Box::new(move |reach| {
            if reach != Reach::Full {
                return Attempt::TakesMore;
            }
            begun.send(()).unwrap();
            held.recv().unwrap();
            Attempt::Done
        }));
        has_begun.recv().unwrap();
        // The long one blocks until the others are done.
        let (done, all) = channel();
        for number in 0..100 {
            let done = done.clone();
            workers.submit(Box::new(move |reach| {
                done.send((number, reach)).unwrap();
                Attempt::Done
            }));
        }
        let mut numbers: Vec<_> = (0..100).map(|_| all.recv().unwrap()).collect();
        numbers.sort_unstable_by_key(|(number, _)| *number);
        let expected: Vec<_> = (0..100).map(|number| (number, Reach::Long)).collect();
        assert_eq!(numbers, expected);
        release.send(()).unwrap();
    }

    #[test]
    fn what_waits_when_the_workers_go_is_dropped() {
        let workers = Workers::start().unwrap();
        let lanes = Arc::clone(&workers.lanes);
        drop(workers);
        lanes.put(Reach::Long, Box::new(|_| panic!("nobody works any more")));
        assert!(!lanes.work(Reach::Long));
    }
}
