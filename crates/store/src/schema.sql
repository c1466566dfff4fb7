-- The tables of format 1; `calls.sql` has those that came with format 2. What made this layout fast is explained in
-- docs/storage.md: payloads are appended in commit order and never moved, the rows that change are small and point into
-- them, and no table is ordered by random text.
-- Times are microseconds since the Unix epoch, except timer.at and the dates of executions (milliseconds, as on AWS).

-- One value of each name: the key of the task tokens.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- A state machine. A deleted one keeps its row for the executions that name it. versions: the highest number that a
-- version of it ever had.
CREATE TABLE state_machine (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    tags       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    versions   INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX state_machine_by_name ON state_machine (name) WHERE deleted_at IS NULL;

-- Every revision of it: a running execution keeps the one it started with. label: AWS's revisionId.
-- settings: logging, tracing and encryption, kept for AWS's shapes.
CREATE TABLE revision (
    id         INTEGER PRIMARY KEY,
    machine    INTEGER NOT NULL,
    definition TEXT NOT NULL,
    role_arn   TEXT NOT NULL,
    settings   TEXT NOT NULL,
    label      TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX revision_by_machine ON revision (machine, id);

-- A version: a revision under a number that stays.
CREATE TABLE machine_version (
    machine     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    description TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (machine, number)
) WITHOUT ROWID;

-- An alias of versions. routes: to which it sends executions, and of each how many of a hundred, as JSON.
CREATE TABLE machine_alias (
    machine     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    description TEXT,
    routes      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (machine, name)
) WITHOUT ROWID;

-- The executions that were started through a version or an alias, and through which.
CREATE TABLE execution_origin (
    execution INTEGER PRIMARY KEY,
    version   INTEGER,
    alias     TEXT
);

-- memory: what the gate learned from the vendor's throttles, as JSON.
CREATE TABLE target (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    memory TEXT
);

-- The limits whose maximum was changed while the server ran, until `expires_at` or a reset.
CREATE TABLE limit_override (
    target     INTEGER NOT NULL,
    limit_name TEXT NOT NULL,
    max        INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (target, limit_name)
) WITHOUT ROWID;

-- The audit trail: what people changed by hand, and why. at: milliseconds.
CREATE TABLE control (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    target  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    change  TEXT NOT NULL,
    reason  TEXT NOT NULL
);

-- What one command made of one frame of an execution: its history events and where the frame then stood, with every
-- payload once. The steps of an execution are one chain from its newest back to its first, in the order of their events.
-- depth: the place in that chain, from 1. jump: an older step, further back the older the step is, so that any place
-- of a long history is found in a few reads (the skip pointer of E. W. Myers, "An applicative random-access stack", 1983).
-- call: the audit of the call that caused the step, if one did.
CREATE TABLE step (
    id          INTEGER PRIMARY KEY,
    execution   INTEGER NOT NULL,
    previous    INTEGER,
    jump        INTEGER,
    depth       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    first_event INTEGER NOT NULL,
    data        TEXT NOT NULL,
    call        TEXT
);

-- last_step: the newest step, from which `previous` leads back to the first.
-- waits_for: id of the event whose task token its root frame waits for, or 0.
-- frame_step: the step that holds its root frame as it stands. frames: how many other frames it has had.
-- redrives, redriven_at, redrive_token: how often it was redriven, when last, and that request's client token.
-- map_run, label, items: of a child execution of a Distributed Map its map run, the label that stands in its ARN after the
-- name of the state machine, and how many items it works on.
CREATE TABLE execution (
    id         INTEGER PRIMARY KEY,
    revision   INTEGER NOT NULL,
    name       TEXT NOT NULL,
    status     INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    stopped_at INTEGER,
    events     INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    last_step  INTEGER NOT NULL,
    waits_for  INTEGER NOT NULL,
    frame_step INTEGER NOT NULL,
    frames     INTEGER NOT NULL,
    map_run    INTEGER,
    label      TEXT,
    items      INTEGER,
    redrives      INTEGER NOT NULL DEFAULT 0,
    redriven_at   INTEGER,
    redrive_token TEXT
);
CREATE INDEX execution_by_map_run ON execution (map_run, id) WHERE map_run IS NOT NULL;

-- The branches and iterations of Parallel and Map states, from their beginning until the state is left. In an execution
-- that ended badly they stay, for its redrive.
-- standing: 0 it runs, 1 it succeeded, 2 it failed or was given up. step: the step that holds it as it stands.
-- waits_for: the event that it waits for, or 0. output: the payload of `step` that is its output, once it succeeded.
CREATE TABLE frame (
    execution INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    parent    INTEGER NOT NULL,
    standing  INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    waits_for INTEGER NOT NULL,
    output    INTEGER,
    PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE INDEX frame_by_wait ON frame (execution, waits_for) WHERE waits_for > 0;

-- What each frame whose children run knows of them: how many began, succeeded and failed. first, total: their ids.
-- live: whether children still count. data: the interpreter's bookkeeping, as JSON.
CREATE TABLE fork (
    execution INTEGER NOT NULL,
    parent    INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    total     INTEGER NOT NULL,
    live      INTEGER NOT NULL,
    data      TEXT NOT NULL,
    PRIMARY KEY (execution, parent)
) WITHOUT ROWID;

-- A run of a Distributed Map state, for which the frame `frame` of `execution` waits. hash: 64 bits of a hash of its name,
-- which is the end of its ARN. state: the Map state. express, batched: 1 when its children are of type EXPRESS, when they work
-- on batches. status: as of an execution. items: how many there are. ended: how many children and items ended in which way,
-- as JSON. join_state: the interpreter's bookkeeping, as JSON.
CREATE TABLE map_run (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    execution  INTEGER NOT NULL,
    frame      INTEGER NOT NULL,
    hash       INTEGER NOT NULL,
    name       TEXT NOT NULL,
    label      TEXT NOT NULL,
    state      TEXT NOT NULL,
    express    INTEGER NOT NULL,
    batched    INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    stopped_at INTEGER,
    items      INTEGER NOT NULL,
    ended      TEXT NOT NULL,
    join_state TEXT NOT NULL
);
CREATE INDEX map_run_by_hash ON map_run (hash);
CREATE INDEX map_run_by_execution ON map_run (execution, id);

-- When the heartbeat of a task runs out that has been heard of since its step was written.
CREATE TABLE heartbeat (
    execution INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (execution, event)
) WITHOUT ROWID;

CREATE TABLE execution_name (
    hash      INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    PRIMARY KEY (hash, execution)
) WITHOUT ROWID;

-- What is still to be done in executions that used up what one transaction may spend, in the order of `number`.
-- work: what, as JSON.
CREATE TABLE continuing (
    execution INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    work      TEXT NOT NULL,
    PRIMARY KEY (execution, number)
) WITHOUT ROWID;

-- A message on a queue. Its body is its own, or the MessageBody of payload `payload` of step `step`.
-- receive_count, attempts and crashes are three counters: calls started, answers that used up an attempt, calls
-- that were in flight when the process died. turn: its place in its lane, 0 before it has one. message_group and
-- ordering: hashes of the MessageGroupId and the OrderingKey of a call.
CREATE TABLE message (
    id               INTEGER PRIMARY KEY,
    queue            INTEGER NOT NULL,
    execution        INTEGER,
    event            INTEGER,
    entered          INTEGER,
    step             INTEGER,
    payload          INTEGER,
    body             TEXT,
    key              TEXT,
    sent_at          INTEGER NOT NULL,
    first_started_at INTEGER,
    receive_count    INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    crashes          INTEGER NOT NULL,
    turn             INTEGER NOT NULL,
    message_group    INTEGER,
    ordering         INTEGER
);

-- The messages that may be taken now. turn: 0 on plain queues, where the oldest goes first (those with a group on a
-- standard queue are in `fair`). In a lane, the turn that
-- the call takes, which is fair among message groups; a call keeps it for its repeats.
CREATE TABLE ready (
    queue         INTEGER NOT NULL,
    turn          INTEGER NOT NULL,
    message       INTEGER NOT NULL,
    message_group INTEGER,
    PRIMARY KEY (queue, turn, message)
) WITHOUT ROWID;
CREATE INDEX ready_by_group ON ready (queue, message_group, turn) WHERE message_group IS NOT NULL;

-- The calls with an OrderingKey (its hash) that have not ended, in the order of sending within a lane.
-- standing: 0 parked, another call of the key goes first and this one is not in `ready`; 1 free; 2 under way.
CREATE TABLE ordered_call (
    target   INTEGER NOT NULL,
    ordering INTEGER NOT NULL,
    queue    INTEGER NOT NULL,
    message  INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    PRIMARY KEY (target, ordering, queue, message)
) WITHOUT ROWID;
CREATE INDEX ordered_call_under_way ON ordered_call (target) WHERE standing = 2;
CREATE INDEX ordered_call_parked ON ordered_call (target, queue) WHERE standing = 0;

-- The messages that may be taken later: a delay, or the backoff before a repeat.
CREATE TABLE delayed (
    until   INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (until, message)
) WITHOUT ROWID;

-- The permits that are out. held_until: the outcome is unknown, and the call keeps its place until then.
CREATE TABLE permit (
    id         INTEGER PRIMARY KEY,
    target     INTEGER NOT NULL,
    lane       INTEGER NOT NULL,
    message    INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    held_until INTEGER
);

-- The places that calls take in the windows of a limit, each until its time.
CREATE TABLE window_place (
    target     INTEGER NOT NULL,
    limit_name TEXT NOT NULL,
    slot       INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (target, limit_name, slot)
) WITHOUT ROWID;

-- The executions whose end a task waits for (states:startExecution.sync): when `child` ends, the task whose
-- TaskScheduled event is `event` of `execution` goes on in the same transaction. as_json: its input and output are given
-- as JSON (.sync:2), else as text.
CREATE TABLE awaited_execution (
    child     INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    as_json   INTEGER NOT NULL,
    PRIMARY KEY (child, execution, event)
) WITHOUT ROWID;
CREATE INDEX awaited_execution_by_task ON awaited_execution (execution, event);

-- The requests that are made outside the store (functions of Lambda, aws-sdk): that of the task whose scheduled event
-- is `event`, which `step` of `execution` submitted. Oldest first; a row stays until its answer is applied.
CREATE TABLE invocation (
    step      INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    PRIMARY KEY (step, event)
) WITHOUT ROWID;
CREATE INDEX invocation_by_task ON invocation (execution, event);

-- Activities. Workers ask for their tasks; a deleted one has no row. encryption: as it was given, as JSON.
CREATE TABLE activity (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    tags       TEXT NOT NULL,
    encryption TEXT,
    created_at INTEGER NOT NULL
);

-- The tasks of activities that wait for a worker, oldest first. event: the ActivityScheduled event, which holds the
-- input; it lies in the step.
CREATE TABLE activity_task (
    activity  INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    PRIMARY KEY (activity, step, event)
) WITHOUT ROWID;
CREATE INDEX activity_task_by_task ON activity_task (execution, event);

CREATE TABLE timer (
    at        INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    PRIMARY KEY (at, execution, event, kind)
) WITHOUT ROWID;

-- Why a message lies in a dead-letter queue. With a task token it is the record of a failed task.
CREATE TABLE dead_letter (
    message   INTEGER PRIMARY KEY,
    failed_at INTEGER NOT NULL,
    error     TEXT NOT NULL,
    cause     TEXT NOT NULL
);
