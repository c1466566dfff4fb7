//! The verdict on a sample: is work flowing, does it succeed, is what is shown the truth of now; and what else a person
//! should know. It decides from two samples and the objectives, and asks nobody.

use std::collections::BTreeMap;

use rampmeter_config::{Config, Slo};
use rampmeter_dispatch::Priority;
use rampmeter_engine::OUTCOMES;
use rampmeter_time::UnixMillis;
use rampmeter_time::{rfc3339, span};
use serde_json::{Value, json};

use super::sample::{Sample, TargetSample};

/// Without an objective, a lane whose first call has waited so long while nothing of its target was answered in the last
/// minute does not flow.
const STUCK_MS: u64 = 60_000;
/// Share of the answers that must be good.
const SUCCEEDING: f64 = 0.95;
/// A sample older than this is not the truth of now.
const FRESH_MS: u64 = 10_000;

/// What waiting is acceptable.
#[derive(Debug, Default)]
pub(crate) struct Objectives(BTreeMap<Priority, Slo>);

impl Objectives {
    /// The `[slo]` of a configuration.
    pub(crate) fn of(config: &Config) -> Objectives {
        Objectives(config.slo.clone())
    }

    /// The longest that a call of this priority may wait, in milliseconds.
    fn oldest_ms(&self, priority: Priority) -> Option<u64> {
        let oldest = self.0.get(&priority)?.oldest?;
        Some(u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX))
    }
}

/// What is said of the server.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct HealthReport {
    /// Lanes that do not flow.
    pub(crate) stuck: Vec<Stuck>,
    /// Good answers of all that counted, in the time that is known; none when nothing was answered.
    pub(crate) succeeding: Option<f64>,
    /// The age of the sample, in milliseconds.
    pub(crate) age_ms: u64,
    /// What else a person should know.
    pub(crate) notices: Vec<String>,
}

/// A lane that does not flow, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    pub(crate) target: String,
    pub(crate) priority: Priority,
    /// How long its first call has waited, in milliseconds.
    pub(crate) oldest_ms: u64,
    /// The objective it misses, in milliseconds.
    pub(crate) objective_ms: Option<u64>,
    /// What holds its first call, in the words of its explanation; absent where that has just gone.
    pub(crate) held_by: Option<String>,
    /// The name of that holder.
    pub(crate) holder: Option<&'static str>,
    /// The command that shows more.
    pub(crate) next: String,
}

/// Judges `sample`. `before`: a sample that is a minute older; `oldest`: the oldest that is known.
pub(crate) fn judge(
    objectives: &Objectives,
    sample: &Sample,
    before: Option<&Sample>,
    oldest: Option<&Sample>,
    now: UnixMillis,
) -> HealthReport {
    let mut verdict = HealthReport {
        succeeding: succeeding(sample, oldest),
        age_ms: u64::try_from(now.saturating_since(sample.at).as_millis()).unwrap_or(u64::MAX),
        ..HealthReport::default()
    };
    for target in &sample.targets {
        let earlier = before.and_then(|before| before.target(&target.state.name));
        for priority in Priority::ALL {
            verdict
                .stuck
                .extend(stuck(objectives, target, earlier, priority));
        }
        let first = oldest.and_then(|oldest| oldest.target(&target.state.name));
        notices(target, first, &mut verdict.notices);
    }
    verdict.notices.extend(damaged(sample));
    verdict
}

/// What could not be read, with its first names.
fn damaged(sample: &Sample) -> Option<String> {
    const NAMED: usize = 3;
    let names = sample.damaged.get(..NAMED).unwrap_or(&sample.damaged);
    let more = match sample.damaged.len() - names.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "what cannot be read is set aside: {}{more}",
            names.join(", ")
        )
    })
}

fn stuck(
    objectives: &Objectives,
    target: &TargetSample,
    earlier: Option<&TargetSample>,
    priority: Priority,
) -> Option<Stuck> {
    let oldest_ms = target.oldest_ms[priority.index()].filter(|_| target.waiting(priority) > 0)?;
    let objective_ms = objectives.oldest_ms(priority);
    let misses = match objective_ms {
        Some(objective) => oldest_ms > objective,
        None => {
            let idle = earlier.is_some_and(|earlier| earlier.answered() == target.answered());
            oldest_ms > STUCK_MS && idle
        }
    };
    let state = &target.state;
    let name = &state.name;
    let why = state.first[priority.index()].as_ref();
    misses.then(|| Stuck {
        target: name.clone(),
        priority,
        oldest_ms,
        objective_ms,
        held_by: why.map(|why| why.words(state.at)),
        holder: why.map(|why| why.held_by.name()),
        next: format!("rampmeter target show {name}"),
    })
}

/// Good answers of all that say something about the calls: a throttle says something about the limits.
fn succeeding(sample: &Sample, oldest: Option<&Sample>) -> Option<f64> {
    let mut counts = [0_u64; OUTCOMES.len()];
    for target in &sample.targets {
        let first = oldest.and_then(|oldest| oldest.target(&target.state.name));
        for (index, count) in counts.iter_mut().enumerate() {
            let before = first.map_or(0, |first| first.answers[index]);
            *count += target.answers[index].saturating_sub(before);
        }
    }
    let judged = OUTCOMES.iter().zip(counts);
    let judged: Vec<_> = judged
        .filter(|(outcome, _)| **outcome != "throttled")
        .collect();
    let all: u64 = judged.iter().map(|(_, count)| count).sum();
    let good = judged.iter().find(|(outcome, _)| **outcome == "ok");
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = |good: u64| good as f64 / all as f64;
    (all > 0).then(|| share(good.map_or(0, |(_, count)| *count)))
}

fn notices(target: &TargetSample, first: Option<&TargetSample>, notices: &mut Vec<String>) {
    let state = &target.state;
    let name = &state.name;
    for scope in &state.paused {
        notices.push(match *scope {
            "target" => format!("{name} is paused"),
            lane => format!("{name} {lane} is paused"),
        });
    }
    if let Some(vendor) = &state.vendor {
        notices.push(format!("{name} is held by {}", vendor.words(state.at)));
    }
    for limit in &state.limits {
        if let Some(configured) = limit.configured {
            let until = limit.expires_at.map_or_else(
                || "until it is reset".to_owned(),
                |at| format!("until {}", rfc3339(at)),
            );
            notices.push(format!(
                "limit {name}/{} is {} by hand instead of {configured}, {until}",
                limit.name, limit.max
            ));
        }
    }
    let foreign = state
        .throttles_under_our_limit
        .saturating_sub(first.map_or(0, |first| first.state.throttles_under_our_limit));
    if foreign > 0 {
        notices.push(format!(
            "{name} throttled {foreign} of our calls under our own limit: someone else uses the account, or the limit is wrong"
        ));
    }
    let reused = state
        .reused_keys
        .saturating_sub(first.map_or(0, |first| first.state.reused_keys));
    if reused > 0 {
        notices.push(format!(
            "{name}: {reused} of our calls carried the IdempotencyKey of another one, and the vendor may not have done them; rampmeter check names the state"
        ));
    }
    if target.dead_letters > 0 {
        let letters = if target.dead_letters == 1 {
            "dead letter"
        } else {
            "dead letters"
        };
        notices.push(format!("{name} has {} {letters}", target.dead_letters));
    }
}

impl HealthReport {
    /// Whether all is well: it flows, succeeds, and is of now.
    fn well(&self) -> bool {
        self.stuck.is_empty() && self.succeeds() && self.fresh()
    }

    fn succeeds(&self) -> bool {
        self.succeeding.is_none_or(|share| share >= SUCCEEDING)
    }

    fn fresh(&self) -> bool {
        self.age_ms <= FRESH_MS
    }

    /// As the admin port shows it.
    pub(crate) fn to_json(&self) -> Value {
        let stuck: Vec<_> = self
            .stuck
            .iter()
            .map(|stuck| {
                json!({
                    "target": stuck.target,
                    "priority": stuck.priority.as_str(),
                    "oldest_ms": stuck.oldest_ms,
                    "objective_ms": stuck.objective_ms,
                    "why": stuck.held_by,
                    "holder": stuck.holder,
                    "next": stuck.next,
                    "text": format!(
                        "{} {}: the first call has waited {}{}{}",
                        stuck.target,
                        stuck.priority,
                        span(i64::try_from(stuck.oldest_ms).unwrap_or(i64::MAX)),
                        stuck.objective_ms.map_or_else(String::new, |objective| format!(
                            " (objective {})",
                            span(i64::try_from(objective).unwrap_or(i64::MAX))
                        )),
                        stuck
                            .held_by
                            .as_ref()
                            .map_or_else(String::new, |held_by| format!("; held by {held_by}")),
                    ),
                })
            })
            .collect();
        json!({
            "well": self.well(),
            "flowing": self.stuck.is_empty(),
            "stuck": stuck,
            "succeeding": self.succeeds(),
            "success_share": self.succeeding,
            "fresh": self.fresh(),
            "age_ms": self.age_ms,
            "notices": self.notices,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampmeter_dispatch::{Explanation, Holder, Time};
    use rampmeter_engine::{LimitState, TargetState};
    use std::time::Duration;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn target() -> TargetSample {
        let state = TargetState {
            name: "erp".to_owned(),
            limits: vec![LimitState {
                name: "account".to_owned(),
                kind: "concurrency",
                per_ms: None,
                used: 0,
                max: 2,
                reserved: [0; 3],
                shares: [None; 3],
                held: 0,
                learned_ceiling: None,
                configured: None,
                expires_at: None,
                reaches_per_second: None,
                nominal_per_second: None,
                vendor_may_count: None,
            }],
            waiting: [0; 3],
            in_flight: 0,
            held: 0,
            deferrals: [0; 3],
            paused: Vec::new(),
            mean_call: None,
            throttles: 0,
            throttles_under_our_limit: 0,
            reused_keys: 0,
            closed_by_headers: 0,
            vendor: None,
            first: [None, None, None],
            at: NOW.into(),
            vendor_limits: Vec::new(),
            contended: Vec::new(),
        };
        TargetSample {
            state,
            oldest_ms: [None; 3],
            jobs: 0,
            dead_letters: 0,
            answers: [0; OUTCOMES.len()],
        }
    }

    fn sample(target: TargetSample) -> Sample {
        Sample {
            at: NOW,
            targets: vec![target],
            ..Sample::default()
        }
    }

    fn waiting(oldest_ms: u64) -> TargetSample {
        let mut target = target();
        target.state.waiting = [0, 3, 0];
        target.oldest_ms[1] = Some(oldest_ms);
        target
    }

    fn judged(target: TargetSample, before: Option<TargetSample>) -> HealthReport {
        let before = before.map(sample);
        judge(
            &Objectives::default(),
            &sample(target),
            before.as_ref(),
            before.as_ref(),
            NOW,
        )
    }

    #[test]
    fn a_server_with_nothing_to_do_is_well() {
        let verdict = judged(target(), None);
        assert!(verdict.well());
        assert_eq!((verdict.succeeding, verdict.notices.len()), (None, 0));
    }

    #[test]
    fn a_lane_that_waits_while_nothing_is_answered_does_not_flow() {
        assert!(judged(waiting(90_000), Some(waiting(30_000))).stuck.len() == 1);
        // Something was answered in that minute.
        let mut answered = waiting(90_000);
        answered.answers[0] = 1;
        assert!(judged(answered, Some(waiting(30_000))).stuck.is_empty());
        // Nobody knows of a minute ago.
        assert!(judged(waiting(90_000), None).stuck.is_empty());
        assert!(judged(waiting(59_000), Some(waiting(1))).stuck.is_empty());
    }

    #[test]
    fn an_objective_decides_where_there_is_one_and_what_the_engine_says_holds_the_lane_is_told() {
        let slo = Slo {
            wait_p95: None,
            oldest: Some(Duration::from_secs(5)),
        };
        let objectives = Objectives(BTreeMap::from([(Priority::Medium, slo)]));
        let mut late = waiting(6_000);
        // The limit has room: it is the share that is used up.
        let share = Holder::Share {
            limit: "account".to_owned(),
            priority: Priority::Medium,
            used: 1,
            max: 1,
        };
        late.state.first[1] = Some(Explanation::by_host(share, None, None));
        let verdict = judge(&objectives, &sample(late), None, None, NOW);
        let [stuck] = &verdict.stuck[..] else {
            panic!("{verdict:?}");
        };
        assert_eq!(stuck.objective_ms, Some(5_000));
        let words =
            "limit account: 1 of the 1 places of the MEDIUM share used, until a call is answered";
        assert_eq!(stuck.held_by.as_deref(), Some(words));
        let told = &verdict.to_json()["stuck"][0];
        assert_eq!(
            (&told["why"], &told["holder"]),
            (&words.into(), &"share".into())
        );
        assert!(
            told["text"]
                .as_str()
                .unwrap()
                .ends_with(&format!("; held by {words}"))
        );
        let in_time = judge(&objectives, &sample(waiting(5_000)), None, None, NOW);
        assert!(in_time.well());
    }

    #[test]
    fn a_target_that_the_vendor_closed_is_a_notice_in_the_words_of_the_explanation() {
        let mut closed = target();
        let until = Some(Time::from_millis(NOW.0 + 30_000));
        closed.state.vendor = Some(Explanation::by_host(Holder::VendorPause, None, until));
        closed.state.paused = vec!["MEDIUM"];
        assert_eq!(
            judged(closed, None).notices,
            [
                "erp MEDIUM is paused",
                "erp is held by the vendor, which closed the target for another 30.0 s"
            ]
        );
    }

    #[test]
    fn success_is_counted_since_the_oldest_sample_and_without_throttles() {
        let (mut first, mut now) = (target(), target());
        first.answers = [10, 5, 0, 0, 0, 0];
        now.answers = [28, 7, 50, 0, 0, 0];
        let verdict = judged(now.clone(), Some(first));
        assert_eq!(verdict.succeeding, Some(0.9));
        assert!(!verdict.well());
        now.answers = [28, 0, 50, 0, 0, 0];
        assert_eq!(judged(now, None).succeeding, Some(1.0));
    }

    #[test]
    fn an_old_sample_is_not_the_truth_of_now() {
        let verdict = judge(
            &Objectives::default(),
            &sample(target()),
            None,
            None,
            UnixMillis(NOW.0 + 10_001),
        );
        assert!(!verdict.well());
        assert_eq!(verdict.to_json()["fresh"], false);
    }

    #[test]
    fn what_else_a_person_should_know_is_told() {
        let mut target = target();
        target.dead_letters = 1;
        target.state.throttles_under_our_limit = 2;
        target.state.reused_keys = 3;
        target.state.limits[0].configured = Some(4);
        let notices = judged(target, None).notices;
        assert!(notices[0].contains("erp/account is 2 by hand instead of 4"));
        assert!(notices[1].contains("someone else uses the account"));
        assert!(notices[2].contains("3 of our calls carried the IdempotencyKey of another one"));
        assert_eq!(notices[3], "erp has 1 dead letter");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let mut sample = sample(target());
        assert_eq!(damaged(&sample), None);
        sample.damaged = (1..=5)
            .map(|number| format!("message c-{number}"))
            .collect();
        let told = damaged(&sample).unwrap();
        assert!(
            told.ends_with("message c-1, message c-2, message c-3, and 2 more"),
            "{told}"
        );
    }
}
