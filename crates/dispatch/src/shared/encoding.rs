//! The compact form of the shared state: whole milliseconds from one base, differences instead of
//! moments, no names except those of the windows.
//!
//! Every rounding is to the safe side and done once: what was read back is written again as it was.
//! The first number is the form's own; any other is refused, not guessed at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MAX_SHARED_BUCKETS, Shared};
use crate::gate::Memory;
use crate::limit::WindowRow;
use crate::permit::{OpenPermit, PermitId};
use crate::priority::Priority;
use crate::rules::{Limit, LimitKind, Rules};
use crate::time::Time;

/// The form that this version writes.
const FORM: u8 = 1;
/// A bucket is this part of a shared window's length.
const BUCKETS_PER_WINDOW: i64 = MAX_SHARED_BUCKETS as i64 - 1;

/// Why bytes are not a shared state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Written by a version that this one does not know.
    #[error("the shared state has form {0}; this version reads form {FORM}")]
    Form(u8),
    /// Damaged, or not a shared state at all.
    #[error("the shared state cannot be read: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Compact {
    form: u8,
    now: i64,
    permits: Vec<CompactPermit>,
    windows: Vec<(String, Vec<Bucket>)>,
    /// Milliseconds from the base, for each lane.
    empty: [u32; 3],
    /// Encoded separately, so that a memory that is not understood loses only what it remembered.
    memory: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct CompactPermit {
    /// The two halves of the id: who took it, and its number.
    owner: u32,
    number: u32,
    priority: u8,
    /// Milliseconds before the base.
    started: u32,
    /// Milliseconds after the base.
    held: u64,
}

/// Slots that are free at one moment: milliseconds after the bucket before (the first: after the
/// base), and how many of each priority.
#[derive(Serialize, Deserialize)]
struct Bucket(u64, [u32; 3]);

impl Shared {
    /// The compact form. At most [`super::MAX_SHARED_BYTES`] bytes, if the permits are no more than
    /// [`Rules::shared_ceiling`] says; plus what the windows left by other rules take, until those have run out.
    pub fn to_bytes(&self, rules: &Rules) -> Vec<u8> {
        let base = self.now.as_millis();
        let known = rules.limits.iter().filter_map(|limit| {
            let buckets = self.buckets(&limit.name, grid(limit)?, most_buckets(limit), base);
            Some((limit.name.clone(), buckets))
        });
        // Rows of other rules are on the grid of whoever wrote them.
        let unknown = self.names_unknown_to(rules).into_iter();
        let unknown =
            unknown.map(|name| (name.to_owned(), self.buckets(name, 1, usize::MAX, base)));
        let compact = Compact {
            form: FORM,
            now: self.now.as_micros(),
            permits: self.permits.iter().map(|one| permit(one, base)).collect(),
            windows: known
                .chain(unknown.filter(|(_, buckets)| !buckets.is_empty()))
                .collect(),
            empty: self
                .empty_until
                .map(|until| u32::try_from((ceil_millis(until) - base).max(0)).unwrap_or(u32::MAX)),
            memory: postcard::to_allocvec(&self.memory).expect("a memory is plain data"),
        };
        postcard::to_allocvec(&compact).expect("the shared state is plain data")
    }

    /// Reads the compact form.
    ///
    /// # Errors
    /// See [`Undecodable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Shared, Undecodable> {
        if let Some(form) = bytes.first().filter(|form| **form != FORM) {
            return Err(Undecodable::Form(*form));
        }
        let damaged = |error: postcard::Error| Undecodable::Damaged(error.to_string());
        let compact: Compact = postcard::from_bytes(bytes).map_err(damaged)?;
        let now = Time::from_micros(compact.now);
        let base = now.as_millis();
        let permits = compact.permits.iter().map(|one| open_permit(one, base));
        let permits: Option<Vec<OpenPermit>> = permits.collect();
        let windows = compact.windows.iter();
        Ok(Shared {
            now,
            permits: permits
                .ok_or_else(|| Undecodable::Damaged("a permit has no priority".to_owned()))?,
            windows: windows
                .flat_map(|(name, buckets)| rows(name, buckets, base))
                .collect(),
            // What another version remembered of the vendor's throttles is learned again.
            memory: Memory::from_compact(&compact.memory),
            empty_until: compact
                .empty
                .map(|after| Time::from_millis(base.saturating_add(i64::from(after)))),
        })
    }

    /// The unreleased slots of the window of this name, in few buckets.
    fn buckets(&self, name: &str, grid: i64, most: usize, base: i64) -> Vec<Bucket> {
        let mut ends = BTreeMap::<i64, [u32; 3]>::new();
        let rows = self.windows.iter().filter(|row| row.limit == name);
        for row in rows.filter(|row| row.until > self.now && row.count > 0) {
            let end = round_up(ceil_millis(row.until), grid);
            let places = &mut ends.entry(end).or_default()[row.priority().index()];
            *places = places.saturating_add(row.count);
        }
        // Only rows of an earlier, different limit can be too many. They are merged into a later
        // bucket.
        while ends.len() > most {
            let (_, first) = ends.pop_first().expect("there are many");
            let mut next = ends.first_entry().expect("there are many");
            let merged = next.get_mut();
            for (places, more) in merged.iter_mut().zip(first) {
                *places = places.saturating_add(more);
            }
        }
        let mut before = base;
        let buckets = ends.into_iter().map(|(end, places)| {
            let after = u64::try_from(end - before).unwrap_or(0);
            before = end;
            Bucket(after, places)
        });
        buckets.collect()
    }
}

/// The grid, in milliseconds, that the ends of a shared window's slots lie on.
pub(super) fn grid(limit: &Limit) -> Option<i64> {
    match &limit.kind {
        LimitKind::Concurrency { .. } => None,
        LimitKind::Window { calls, .. } if *calls <= MAX_SHARED_BUCKETS as u64 => Some(1),
        LimitKind::Window { per, .. } => {
            let per = i64::try_from(per.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX);
            Some(per.saturating_add(BUCKETS_PER_WINDOW - 1) / BUCKETS_PER_WINDOW)
        }
        LimitKind::Calendar { .. } => Some(1),
    }
}

/// The most buckets that a shared window has.
pub(super) fn most_buckets(limit: &Limit) -> usize {
    match &limit.kind {
        LimitKind::Concurrency { .. } => 0,
        LimitKind::Window { calls, .. } => usize::try_from(*calls)
            .map_or(MAX_SHARED_BUCKETS, |calls| calls.min(MAX_SHARED_BUCKETS)),
        // One reset ahead, and another where the clocks or the rules change.
        LimitKind::Calendar { .. } => 3,
    }
}

fn permit(open: &OpenPermit, base: i64) -> CompactPermit {
    let held = ceil_millis(open.held_until).saturating_sub(base);
    CompactPermit {
        owner: (open.id >> 32) as u32,
        number: open.id as u32,
        priority: u8::try_from(open.priority.index()).expect("there are three"),
        started: u32::try_from(base - open.started_at.as_millis()).unwrap_or(u32::MAX),
        held: u64::try_from(held).unwrap_or(0),
    }
}

fn open_permit(compact: &CompactPermit, base: i64) -> Option<OpenPermit> {
    Some(OpenPermit {
        id: PermitId::from(compact.owner) << 32 | PermitId::from(compact.number),
        priority: *Priority::ALL.get(usize::from(compact.priority))?,
        started_at: Time::from_millis(base - i64::from(compact.started)),
        held_until: later(base, compact.held),
    })
}

/// The rows of a window, numbered anew for each priority.
fn rows(name: &str, buckets: &[Bucket], base: i64) -> Vec<WindowRow> {
    let mut rows = Vec::new();
    let mut numbers = [0_u32; 3];
    let mut until = Time::from_millis(base);
    for Bucket(after, places) in buckets {
        until = later(until.as_millis(), *after);
        for priority in Priority::ALL {
            let count = places[priority.index()];
            if count > 0 {
                let number = &mut numbers[priority.index()];
                rows.push(WindowRow::of(name, priority, *number, until, count));
                *number += 1;
            }
        }
    }
    rows
}

fn later(base: i64, millis: u64) -> Time {
    Time::from_millis(base.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
}

fn ceil_millis(time: Time) -> i64 {
    let millis = time.as_millis();
    if Time::from_millis(millis) < time {
        millis.saturating_add(1)
    } else {
        millis
    }
}

fn round_up(millis: i64, grid: i64) -> i64 {
    let past = millis.rem_euclid(grid);
    if past == 0 {
        millis
    } else {
        millis.saturating_add(grid - past)
    }
}
