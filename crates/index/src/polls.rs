//! The workers that wait for a task of an activity (long polls), in the writer's memory: bounded, and gone with the
//! process, as are the connections behind them. A task or the deadline wakes them; nothing polls in a loop.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_dispatch::Time;
use rampmeter_store::model::activity::ActivityTask;
use rampmeter_store::model::id::ActivityId;
use rampmeter_store::model::rejected::Rejected;
use tokio::sync::oneshot;

/// Workers that may wait at one activity: AWS's bound.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html>
const MAX_WAITING_FOR_ONE: usize = 1_000;

/// Workers that may wait in total.
const MAX_WAITING: usize = 20_000;

/// One worker that waits.
#[derive(Debug)]
pub struct Poll {
    /// The name that it gave.
    pub worker_name: Option<String>,
    /// Where its task goes.
    pub reply: oneshot::Sender<Result<Option<ActivityTask>, Rejected>>,
    /// When it gets a response without a task.
    pub deadline: Time,
}

/// All waiting workers. At each activity, the one that has waited longest is served first.
#[derive(Debug, Default)]
pub struct WaitingPolls {
    next: u64,
    polls: BTreeMap<(ActivityId, u64), Poll>,
    deadlines: BTreeSet<(Time, ActivityId, u64)>,
    /// Activities that have had a task since their workers were last served.
    woken: BTreeSet<ActivityId>,
}

impl WaitingPolls {
    /// Lets a worker wait.
    ///
    /// # Errors
    /// The worker, if there are too many.
    pub fn add(&mut self, activity: ActivityId, poll: Poll) -> Result<(), Poll> {
        if self.is_full(activity) {
            self.forget_gone();
            if self.is_full(activity) {
                return Err(poll);
            }
        }
        let number = self.next;
        self.next += 1;
        self.put_back((activity, number), poll);
        Ok(())
    }

    /// Lets a worker that was taken out go on waiting, at its old position.
    pub fn put_back(&mut self, place: (ActivityId, u64), poll: Poll) {
        self.deadlines.insert((poll.deadline, place.0, place.1));
        self.polls.insert(place, poll);
    }

    fn is_full(&self, activity: ActivityId) -> bool {
        self.polls.len() >= MAX_WAITING || self.of(activity).count() >= MAX_WAITING_FOR_ONE
    }

    fn of(&self, activity: ActivityId) -> impl Iterator<Item = (ActivityId, u64)> {
        let all = (activity, 0)..=(activity, u64::MAX);
        self.polls.range(all).map(|(key, _)| *key)
    }

    fn first_of(&self, activity: ActivityId) -> Option<(ActivityId, u64)> {
        self.of(activity).next()
    }

    /// Forgets the workers whose clients have gone.
    fn forget_gone(&mut self) {
        let gone: Vec<_> = self
            .polls
            .iter()
            .filter(|(_, poll)| poll.reply.is_closed())
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: (ActivityId, u64)) -> Option<Poll> {
        let poll = self.polls.remove(&key)?;
        self.deadlines.remove(&(poll.deadline, key.0, key.1));
        Some(poll)
    }

    /// Notes that an activity has a task, if a worker waits for one.
    pub fn wake(&mut self, activity: ActivityId) {
        if self.first_of(activity).is_some() {
            self.woken.insert(activity);
        }
    }

    /// Takes out a worker at an activity that has a task: of those whose clients are still there, the one that has waited
    /// longest, with its position.
    pub fn take_woken(&mut self) -> Option<((ActivityId, u64), Poll)> {
        while let Some(&activity) = self.woken.first() {
            while let Some(key) = self.first_of(activity) {
                match self.remove(key) {
                    Some(poll) if !poll.reply.is_closed() => return Some((key, poll)),
                    _ => {}
                }
            }
            self.woken.remove(&activity);
        }
        None
    }

    /// Notes that nothing can be done for the workers of an activity until it has a task again.
    pub fn rest(&mut self, activity: ActivityId) {
        self.woken.remove(&activity);
    }

    /// Takes out every worker whose time is over.
    pub fn take_due(&mut self, now: Time) -> Vec<Poll> {
        let mut due = Vec::new();
        while let Some(&(deadline, activity, number)) = self.deadlines.first()
            && deadline <= now
        {
            due.extend(self.remove((activity, number)));
        }
        due
    }

    /// Takes out every worker that waits at one activity.
    pub fn take_of(&mut self, activity: ActivityId) -> Vec<Poll> {
        let keys: Vec<_> = self.of(activity).collect();
        self.rest(activity);
        keys.into_iter()
            .filter_map(|key| self.remove(key))
            .collect()
    }

    /// Takes out all workers.
    pub fn take_all(&mut self) -> Vec<Poll> {
        self.deadlines.clear();
        self.woken.clear();
        std::mem::take(&mut self.polls).into_values().collect()
    }

    /// When the first of them must get a response.
    #[must_use]
    pub fn first_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, ..)| *deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: ActivityId = ActivityId(1);
    const SHIP: ActivityId = ActivityId(2);

    type PollReply = oneshot::Receiver<Result<Option<ActivityTask>, Rejected>>;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn poll(name: &str, deadline: Time) -> (Poll, PollReply) {
        let (reply, answer) = oneshot::channel();
        let worker_name = Some(name.to_owned());
        let poll = Poll {
            worker_name,
            reply,
            deadline,
        };
        (poll, answer)
    }

    #[test]
    fn the_worker_that_has_waited_longest_is_served_first_and_one_that_has_gone_never() {
        let mut polls = WaitingPolls::default();
        let (first, gone) = poll("first", at(60));
        let (second, _second) = poll("second", at(60));
        let (third, _third) = poll("third", at(60));
        for poll in [first, second, third] {
            polls.add(PACK, poll).expect("there is room");
        }
        drop(gone);
        assert!(polls.take_woken().is_none(), "there is no task yet");
        polls.wake(SHIP);
        assert!(polls.take_woken().is_none(), "nobody waits there");
        polls.wake(PACK);
        for name in ["second", "third"] {
            let ((activity, _), poll) = polls.take_woken().expect("a worker waits");
            assert_eq!((activity, poll.worker_name.as_deref()), (PACK, Some(name)));
        }
        assert!(polls.take_woken().is_none());
        assert_eq!(polls.first_deadline(), None);
    }

    #[test]
    fn workers_are_answered_when_their_time_is_over() {
        let mut polls = WaitingPolls::default();
        let (early, _early) = poll("early", at(60));
        let (late, _late) = poll("late", at(70));
        polls.add(PACK, late).expect("there is room");
        polls.add(SHIP, early).expect("there is room");
        assert_eq!(polls.first_deadline(), Some(at(60)));
        assert!(polls.take_due(at(59)).is_empty());
        let due = polls.take_due(at(60));
        assert_eq!(due[0].worker_name.as_deref(), Some("early"));
        assert_eq!((due.len(), polls.take_of(PACK).len()), (1, 1));
    }

    #[test]
    fn an_activity_that_is_full_takes_a_worker_again_when_one_has_gone() {
        let mut polls = WaitingPolls::default();
        let mut answers = Vec::new();
        for number in 0..MAX_WAITING_FOR_ONE {
            let (poll, answer) = poll(&number.to_string(), at(60));
            polls.add(PACK, poll).expect("there is room");
            answers.push(answer);
        }
        let (one_more, _answer) = poll("one more", at(60));
        let one_more = polls.add(PACK, one_more).expect_err("it is full");
        let (elsewhere, _elsewhere) = poll("elsewhere", at(60));
        polls.add(SHIP, elsewhere).expect("there is room");
        answers.pop();
        polls.add(PACK, one_more).expect("one has gone");
    }
}
