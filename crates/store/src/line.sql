-- Format 7: limits of some calls, and limits by a key.

-- The calls that a tariff charges and that wait in their turn, by what they are charged. aside: 0 the call is in `ready`; 1 it
-- is not, for its line has no free slot for it, or a call of its line goes first. tariff, key: by number.
CREATE TABLE line (
    target        INTEGER NOT NULL,
    tariff        INTEGER NOT NULL,
    key           INTEGER NOT NULL,
    queue         INTEGER NOT NULL,
    aside         INTEGER NOT NULL,
    turn          INTEGER NOT NULL,
    message       INTEGER NOT NULL,
    message_group INTEGER,
    PRIMARY KEY (target, tariff, key, queue, aside, turn, message)
) WITHOUT ROWID;
CREATE INDEX line_by_message ON line (message);
CREATE INDEX line_aside ON line (queue, turn) WHERE aside = 1;
CREATE INDEX line_by_group ON line (queue, message_group, turn) WHERE message_group IS NOT NULL;

-- The slots that calls take in a window of a limit that is kept by a key, each until its time.
CREATE TABLE keyed_slot (
    target     INTEGER NOT NULL,
    limit_name TEXT NOT NULL,
    key        INTEGER NOT NULL,
    slot       INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (target, limit_name, key, slot)
) WITHOUT ROWID;
CREATE INDEX keyed_slot_by_end ON keyed_slot (target, until);

-- charges: what its call is charged, as JSON; NULL where no tariff charges it.
ALTER TABLE permit ADD COLUMN charges TEXT;
