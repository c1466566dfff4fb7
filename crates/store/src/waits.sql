-- What came with format 7: which calls the vendor may have done without our knowing, and which may not wait for ever.

-- Until when the vendor may be at work on a request of the call whose answer was lost; NULL while none was lost.
ALTER TABLE message ADD COLUMN lost_until INTEGER;
UPDATE message SET lost_until = coalesce(
    (SELECT max(held_until) FROM permit WHERE permit.message = message.id), first_started_at
) WHERE receive_count > 0;

-- The same of entries into states whose calls have failed: whoever sends the call of that entry again has to know it.
CREATE TABLE lost_call (
    execution        INTEGER NOT NULL,
    entered          INTEGER NOT NULL,
    lost_until       INTEGER NOT NULL,
    first_started_at INTEGER,
    PRIMARY KEY (execution, entered)
) WITHOUT ROWID;

-- The calls that have not ended of targets with a `max_wait`, by the time of their sending.
CREATE TABLE waiting_call (
    target  INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (target, sent_at, message)
) WITHOUT ROWID;
