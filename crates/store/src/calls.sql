-- The tables about calls that came with format 2.

-- The calls that the vendor accepted and works on in the background as jobs: they are not sent again, but looked after.
-- execution, event: the task that waits, as in `message`. permit: the place that the job has in limits that count jobs.
-- since: when the vendor accepted it. looks: how often it was looked at. follow_up: where to look next, as JSON.
CREATE TABLE job (
    message   INTEGER PRIMARY KEY,
    target    INTEGER NOT NULL,
    execution INTEGER,
    event     INTEGER,
    permit    INTEGER,
    since     INTEGER NOT NULL,
    looks     INTEGER NOT NULL,
    follow_up TEXT NOT NULL
);
CREATE INDEX job_by_target ON job (target, message);
CREATE INDEX job_by_task ON job (execution, event) WHERE execution IS NOT NULL;
CREATE INDEX job_by_permit ON job (permit) WHERE permit IS NOT NULL;

-- How calls ended for which no workflow waits; those of a workflow are in its history, failed ones in the dead-letter queue
-- too. told: the output, as JSON. Kept for the time of retention.
CREATE TABLE outcome (
    message          INTEGER PRIMARY KEY,
    target           TEXT NOT NULL,
    lane             INTEGER NOT NULL,
    key              TEXT,
    sent_at          INTEGER NOT NULL,
    first_started_at INTEGER,
    ended_at         INTEGER NOT NULL,
    receive_count    INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    told             TEXT NOT NULL
);
CREATE INDEX outcome_by_end ON outcome (ended_at, message);

-- The bodies of answers that were too long for a workflow's data. Each lies in a file of blobs/ that is called after its id,
-- the permit of the call; the file was synced before this row was written. execution: the one that the answer resumed.
CREATE TABLE body (
    id           INTEGER PRIMARY KEY,
    message      INTEGER NOT NULL,
    execution    INTEGER,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    content_type TEXT,
    at           INTEGER NOT NULL
);
CREATE INDEX body_by_message ON body (message);
CREATE INDEX body_by_execution ON body (execution) WHERE execution IS NOT NULL;

-- The executions that have ended, by when (in milliseconds). Child executions of a map run go with the execution of that.
CREATE INDEX execution_by_end ON execution (stopped_at, id) WHERE stopped_at IS NOT NULL AND map_run IS NULL;

-- Histories of executions that are gone already: of each, the newest step that is still to be deleted.
CREATE TABLE leftover (
    step INTEGER PRIMARY KEY
);
