-- The tables of queues. Times are microseconds since the Unix epoch. Whatever a queue is, its messages are rows of
-- `message`, and those that may be taken are rows of `ready`.

-- target, lane: of the queues of a target; lane 0 HIGH, 1 MEDIUM, 2 BATCH, 3 the dead-letter queue.
-- attributes: those that were set, as JSON. group_scope: deduplication looks within message groups only; as on AWS, it
-- is what it was when the queue was made. purged_below: messages below this number are gone, whether or not they have
-- been deleted yet.
CREATE TABLE queue (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE,
    target       INTEGER REFERENCES target,
    lane         INTEGER,
    attributes   TEXT NOT NULL,
    tags         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    modified_at  INTEGER NOT NULL,
    group_scope  INTEGER NOT NULL,
    purged_at    INTEGER,
    purged_below INTEGER NOT NULL
);

-- What a message of a plain queue carries beside its body; no row when it carries nothing.
-- source: name of the queue that sent it here as a dead letter. received_before: receives in that queue.
CREATE TABLE envelope (
    message           INTEGER PRIMARY KEY,
    attributes        TEXT,
    system_attributes TEXT,
    group_id          TEXT,
    deduplication_id  TEXT,
    source            TEXT,
    received_before   INTEGER NOT NULL
);

-- The messages of plain queues that cannot be received now. Each has a row in `delayed` too.
-- received_at: it is in flight since then; without it, its delay is not over.
CREATE TABLE hidden (
    queue       INTEGER NOT NULL,
    message     INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    received_at INTEGER,
    PRIMARY KEY (queue, message)
) WITHOUT ROWID;

-- Every message of a FIFO queue, by the hash of its group. Only the first of a group may be in `ready`.
CREATE TABLE fifo (
    queue         INTEGER NOT NULL,
    message_group INTEGER NOT NULL,
    message       INTEGER NOT NULL,
    PRIMARY KEY (queue, message_group, message)
) WITHOUT ROWID;

-- The messages of standard queues that may be taken now and that name a group, by the hash of it. Those without a group
-- are in `ready`.
CREATE TABLE fair (
    queue         INTEGER NOT NULL,
    message_group INTEGER NOT NULL,
    message       INTEGER NOT NULL,
    PRIMARY KEY (queue, message_group, message)
) WITHOUT ROWID;

-- What receives with a ReceiveRequestAttemptId took, for five minutes. taken: message numbers and receive counts, as JSON.
CREATE TABLE receive_attempt (
    id     INTEGER PRIMARY KEY,
    queue  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    digest BLOB NOT NULL,
    taken  TEXT NOT NULL
);
CREATE INDEX receive_attempt_by_digest ON receive_attempt (queue, digest);

-- The deduplication ids of the last five minutes, oldest first.
CREATE TABLE deduplication (
    message INTEGER PRIMARY KEY,
    queue   INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    digest  BLOB NOT NULL
);
CREATE INDEX deduplication_by_digest ON deduplication (queue, digest);

-- Queues whose messages below a number are being deleted, a few in each transaction.
CREATE TABLE sweep (
    queue INTEGER PRIMARY KEY,
    below INTEGER NOT NULL
);

-- below: messages below this number were in the source at the start.
CREATE TABLE move_task (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,
    destination TEXT,
    rate        INTEGER,
    status      TEXT NOT NULL,
    failure     TEXT,
    started_at  INTEGER NOT NULL,
    below       INTEGER NOT NULL,
    to_move     INTEGER NOT NULL,
    moved       INTEGER NOT NULL
);
CREATE INDEX move_task_by_source ON move_task (source, id);
