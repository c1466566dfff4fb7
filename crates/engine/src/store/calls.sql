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
