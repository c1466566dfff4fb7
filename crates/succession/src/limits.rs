//! Which former limit of a target each of its limits continues: by name if it still counts the same, otherwise by what it
//! counts. Pure.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_dispatch::{Limit, LimitKind};
use serde::{Deserialize, Serialize};

/// A limit that a target had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormerLimit {
    pub(crate) name: String,
    /// What it counted, in words that are the same for limits that count the same.
    pub(crate) counts: String,
    pub(crate) max: u64,
}

impl FormerLimit {
    pub(crate) fn of(limit: &Limit) -> FormerLimit {
        FormerLimit {
            name: limit.name.clone(),
            counts: counts(limit),
            max: limit.max(),
        }
    }
}

/// Where a limit comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was there, and allowed this many.
    Same { max: u64 },
    /// It was there under another name, and allowed this many.
    RenamedFrom { name: String, max: u64 },
    /// A limit with its name was there and counted something else.
    CountsOtherwise,
    /// It was not there.
    New,
}

/// Where each of the limits comes from.
pub(crate) fn origins(former: &[FormerLimit], limits: &[Limit]) -> Vec<Origin> {
    let same =
        |limit: &Limit, was: &FormerLimit| was.name == limit.name && was.counts == counts(limit);
    let mut taken: BTreeSet<&str> = former
        .iter()
        .filter(|was| limits.iter().any(|limit| same(limit, was)))
        .map(|was| was.name.as_str())
        .collect();
    let origin = |limit: &Limit| {
        if let Some(was) = former.iter().find(|was| same(limit, was)) {
            return Origin::Same { max: was.max };
        }
        let alike = former
            .iter()
            .filter(|was| was.counts == counts(limit) && !taken.contains(was.name.as_str()));
        // Of several that count the same, the one that also allows the same number.
        if let Some(was) = alike.min_by_key(|was| was.max != limit.max()) {
            taken.insert(&was.name);
            let name = was.name.clone();
            return Origin::RenamedFrom { name, max: was.max };
        }
        let namesake = former.iter().any(|was| was.name == limit.name);
        if namesake {
            Origin::CountsOtherwise
        } else {
            Origin::New
        }
    };
    limits.iter().map(origin).collect()
}

/// The names of the limits that no limit continues.
pub(crate) fn gone(former: &[FormerLimit], origins: &[Origin], limits: &[Limit]) -> Vec<String> {
    let went_on = |was: &FormerLimit| {
        origins
            .iter()
            .zip(limits)
            .any(|(origin, limit)| match origin {
                Origin::Same { .. } | Origin::CountsOtherwise => limit.name == was.name,
                Origin::RenamedFrom { name, .. } => *name == was.name,
                Origin::New => false,
            })
    };
    let gone = former.iter().filter(|was| !went_on(was));
    gone.map(|was| was.name.clone()).collect()
}

/// What of the values that former limits had, by their names, their limits have under the names of now. The value of a limit that is
/// gone stays, unless another limit has its name.
pub(crate) fn carried<T: Clone>(
    former: &BTreeMap<String, T>,
    limits: &[Limit],
    origins: &[Origin],
) -> BTreeMap<String, T> {
    let mut former = former.clone();
    let mut carried = BTreeMap::new();
    for (limit, origin) in limits.iter().zip(origins) {
        let before = match origin {
            Origin::Same { .. } => &limit.name,
            Origin::RenamedFrom { name, .. } => name,
            Origin::CountsOtherwise | Origin::New => continue,
        };
        if let Some(value) = former.remove(before) {
            carried.insert(limit.name.clone(), value);
        }
    }
    former.retain(|name, _| limits.iter().all(|limit| limit.name != *name));
    carried.extend(former);
    carried
}

/// What a limit counts, whatever it is called and however many it allows.
fn counts(limit: &Limit) -> String {
    let counts = match &limit.kind {
        LimitKind::Concurrency { .. } => format!("in flight: {:?}", limit.counts),
        LimitKind::Window { per, .. } => format!("{per:?} from the {:?}", limit.count_from),
        LimitKind::Calendar { reset, .. } => format!("{reset} from the {:?}", limit.count_from),
    };
    if limit.tariff.is_plain() {
        counts
    } else {
        format!("{counts}, {}", limit.tariff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const MINUTE: Duration = Duration::from_secs(60);

    fn window(name: &str, calls: u64, minutes: u32) -> Limit {
        Limit::window(name, calls, MINUTE * minutes)
    }

    fn renamed(name: &str, max: u64) -> Origin {
        let name = name.to_owned();
        Origin::RenamedFrom { name, max }
    }

    fn compare(before: &[Limit], after: &[Limit]) -> (Vec<Origin>, Vec<String>) {
        let former: Vec<FormerLimit> = before.iter().map(FormerLimit::of).collect();
        let origins = origins(&former, after);
        let gone = gone(&former, &origins, after);
        (origins, gone)
    }

    #[test]
    fn a_limit_is_known_by_its_name_and_else_by_what_it_counts() {
        let (origins, gone) = compare(
            &[
                window("minute", 10, 1),
                window("hour", 100, 60),
                Limit::concurrency("account", 3),
            ],
            &[
                window("per-minute", 20, 1),
                window("hour", 50, 60),
                Limit::concurrency("slots", 3),
            ],
        );
        assert_eq!(
            origins,
            [
                renamed("minute", 10),
                Origin::Same { max: 100 },
                renamed("account", 3)
            ]
        );
        assert!(gone.is_empty());
    }

    #[test]
    fn of_two_that_count_the_same_the_one_that_allows_as_many_is_meant() {
        let before = [window("a", 10, 1), window("b", 20, 1)];
        let (origins, _) = compare(&before, &[window("c", 20, 1), window("d", 10, 1)]);
        assert_eq!(origins, [renamed("b", 20), renamed("a", 10)]);
    }

    #[test]
    fn names_that_were_exchanged_mean_what_they_count() {
        let before = [window("a", 10, 1), window("b", 20, 5)];
        let (origins, gone) = compare(&before, &[window("b", 10, 1), window("a", 20, 5)]);
        assert_eq!(origins, [renamed("a", 10), renamed("b", 20)]);
        assert!(gone.is_empty());
    }

    #[test]
    fn a_window_of_another_length_counts_otherwise_and_what_is_left_out_is_gone() {
        let before = [window("a", 10, 1), window("b", 20, 5)];
        let (origins, gone) = compare(&before, &[window("a", 10, 2), window("c", 1, 9)]);
        assert_eq!(origins, [Origin::CountsOtherwise, Origin::New]);
        assert_eq!(gone, ["b"]);
    }

    #[test]
    fn what_was_changed_by_hand_never_goes_to_a_limit_that_has_taken_the_name() {
        let former =
            [Limit::concurrency("a", 2), window("b", 12, 1)].map(|limit| FormerLimit::of(&limit));
        let changed = BTreeMap::from([("b".to_owned(), 7), ("gone".to_owned(), 5)]);
        // The names are exchanged: the window is "a" now, and what is in flight is "b".
        let limits = [Limit::concurrency("b", 2), window("a", 12, 1)];
        let after = carried(&changed, &limits, &origins(&former, &limits));
        let expected = BTreeMap::from([("a".to_owned(), 7), ("gone".to_owned(), 5)]);
        assert_eq!(after, expected);
        // The window is gone, and its name is that of a limit that counts otherwise.
        let limits = [Limit::concurrency("a", 2), window("b", 9, 2)];
        let after = carried(&changed, &limits, &origins(&former, &limits));
        assert_eq!(after, BTreeMap::from([("gone".to_owned(), 5)]));
    }
}
