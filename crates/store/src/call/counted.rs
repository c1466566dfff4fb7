//! Rows that say when the vendor counted the calls of each target, whatever limits the target had then. A limit that is new,
//! renamed or longer than before starts from them; the slots of existing limits are in `permit`.

use std::time::Duration;

use rampmeter_dispatch::{CountedCalls, MAX_WINDOW, PermitId, Priority, Time};

use crate::connection::optional;
use crate::error::{StoreError, StoreFailure};
use crate::model::id::TargetId;
use crate::tables::{CallTables, CountedTables};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Spans within which calls are counted together, each from the age that comes before it.
const COARSER: [(Duration, Duration); 2] = [(HOUR, MINUTE), (DAY, HOUR)];

/// Adds calls to those that ended in the same span.
const ADD: &str = "ON CONFLICT DO UPDATE SET count = count + excluded.count";

impl CallTables<'_> {
    /// Ends a permit whose call the vendor had counted by `now`. Work that continued as a job was counted when it was
    /// accepted.
    pub fn end_permit(&self, id: PermitId, now: Time) -> Result<(), StoreFailure> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM permit WHERE id = ?1 RETURNING target, lane, \
             EXISTS (SELECT 1 FROM job WHERE permit = ?1)",
        )?;
        let ended = statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        if let Some((target, lane, false)) = optional(ended)? {
            self.count_call(target, lane, now)?;
        }
        Ok(())
    }

    /// Notes that the vendor had counted, by `now`, the call of a permit; the call continues as a job and keeps the permit.
    pub fn count_call_of(&self, id: PermitId, now: Time) -> Result<(), StoreFailure> {
        let query = "SELECT target, lane FROM permit WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let found = statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)));
        if let Some((target, lane)) = optional(found)? {
            self.count_call(target, lane, now)?;
        }
        Ok(())
    }

    /// Notes that the vendor had counted a call by `now`.
    fn count_call(&self, target: TargetId, lane: u8, now: Time) -> Result<(), StoreFailure> {
        let until = now.round_up(micros(SECOND));
        self.connection
            .prepare_cached(&format!(
                "INSERT INTO counted_call VALUES (?1, ?2, ?3, 1) {ADD}"
            ))?
            .execute((target, until.as_micros(), lane))?;
        Ok(())
    }
}

impl CountedTables<'_> {
    /// The calls of a target that its vendor counted, the oldest first.
    pub fn of_target(&self, target: TargetId) -> Result<Vec<CountedCalls>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT until, lane, count FROM counted_call WHERE target = ?1 ORDER BY until, lane",
        )?;
        let rows = statement.query_map([target], |row| {
            let lane: u8 = row.get(1)?;
            Ok(CountedCalls {
                until: Time::from_micros(row.get(0)?),
                // An unknown lane counts as the one that no reserve is for.
                priority: Priority::ALL
                    .get(usize::from(lane))
                    .copied()
                    .unwrap_or(Priority::Batch),
                count: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds calls that were counted before anything was noted about them.
    pub fn put(&self, target: TargetId, calls: &[CountedCalls]) -> Result<(), StoreFailure> {
        let mut statement = self.connection.prepare_cached(&format!(
            "INSERT INTO counted_call VALUES (?1, ?2, ?3, ?4) {ADD}"
        ))?;
        for counted in calls {
            let lane = u8::try_from(counted.priority.index()).expect("there are three lanes");
            statement.execute((target, counted.until.as_micros(), lane, counted.count))?;
        }
        Ok(())
    }

    /// Moves the time of all counted calls later by this much: time that may not have passed.
    pub fn postpone(&self, by: Duration) -> Result<(), StoreError> {
        // In two steps, so that no row collides with the key of another on the way.
        self.connection.execute(
            "UPDATE counted_call SET until = -(min(until, ?2 - ?1) + ?1)",
            (micros(by), i64::MAX),
        )?;
        self.connection
            .execute("UPDATE counted_call SET until = -until WHERE until < 0", [])?;
        Ok(())
    }

    /// Merges calls that are long past into coarser spans, and deletes those that no window can reach.
    pub fn condense(&self, now: Time) -> Result<(), StoreFailure> {
        for (age, span) in COARSER {
            let old = (now.saturating_sub(age).as_micros(), micros(span));
            self.connection
                .prepare_cached(&format!(
                    "INSERT INTO counted_call \
                     SELECT target, (until + ?2 - 1) / ?2 * ?2, lane, sum(count) FROM counted_call \
                     WHERE until < ?1 AND until % ?2 <> 0 GROUP BY 1, 2, 3 {ADD}"
                ))?
                .execute(old)?;
            self.connection
                .prepare_cached("DELETE FROM counted_call WHERE until < ?1 AND until % ?2 <> 0")?
                .execute(old)?;
        }
        let reach = now.saturating_sub(MAX_WINDOW + DAY).as_micros();
        self.connection
            .prepare_cached("DELETE FROM counted_call WHERE until < ?1")?
            .execute([reach])?;
        Ok(())
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Store;

    const NOW: Time = Time::from_millis(1_800_000_000_500);
    const ERP: TargetId = TargetId(1);

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("rampmeter.db")).unwrap();
        (directory, store)
    }

    fn counted(store: &Store) -> Vec<(i64, u32)> {
        let calls = store.calls().counted().of_target(ERP).unwrap();
        calls
            .iter()
            .map(|calls| (calls.until.as_millis(), calls.count))
            .collect()
    }

    #[test]
    fn calls_of_one_second_are_one_row_that_ends_after_them() {
        let (_directory, store) = store();
        for _ in 0..3 {
            store.calls().count_call(ERP, 0, NOW).unwrap();
        }
        assert_eq!(counted(&store), [(1_800_000_001_000, 3)]);
    }

    #[test]
    fn what_is_long_past_is_counted_together_never_earlier_than_it_was_and_forgotten_beyond_the_longest_window()
     {
        let (_directory, store) = store();
        let calls = store.calls();
        for age in [59 * MINUTE, 61 * MINUTE, 62 * MINUTE, 25 * HOUR, 40 * DAY] {
            let at = NOW.saturating_sub(age);
            calls.count_call(ERP, 1, at).unwrap();
        }
        let before = counted(&store);
        for _ in 0..2 {
            store.calls().counted().condense(NOW).unwrap();
        }
        let after = counted(&store);
        assert_eq!(after.len(), 4, "the oldest is gone: {after:?}");
        for ((was, _), (is, count)) in before[1..].iter().zip(&after) {
            assert!(is >= was && is - was <= 3_600_000, "{was} {is}");
            assert_eq!(*count, 1);
        }
        assert_eq!(before[4], after[3], "the last hour is exact to the second");
        assert_eq!(after[1].0 % 60_000, 0);
        assert_eq!(after[0].0 % 3_600_000, 0);
    }

    #[test]
    fn calls_counted_by_an_unsure_clock_are_counted_later() {
        let (_directory, store) = store();
        for seconds in 0..3 {
            let at = NOW.saturating_add(seconds * SECOND);
            store.calls().count_call(ERP, 2, at).unwrap();
        }
        store.calls().counted().postpone(SECOND).unwrap();
        let untils: Vec<i64> = counted(&store).iter().map(|(until, _)| *until).collect();
        assert_eq!(
            untils,
            [2_000, 3_000, 4_000].map(|at| 1_800_000_000_000 + at)
        );
    }
}
