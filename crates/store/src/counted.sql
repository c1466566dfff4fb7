-- What came with format 5.

-- When the vendor counted the calls of a target: how many had ended by `until`, a little after they did. Exact to the second
-- for an hour, to the minute for a day, to the hour for the longest window there is; a limit that is new starts with them.
-- lane: 0 HIGH, 1 MEDIUM, 2 BATCH.
CREATE TABLE counted_call (
    target INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    lane   INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (target, until, lane)
) WITHOUT ROWID;

-- How long the call keeps its place once its answer is lost: the configuration may be another one by then.
ALTER TABLE permit ADD COLUMN holds_for INTEGER;

-- Until when one message is delayed.
CREATE INDEX delayed_by_message ON delayed (message);
