-- What came with format 5: whose trouble it is that calls go wrong.

-- How often in a row the vendor has refused a call, for itself as far as could be told.
ALTER TABLE message ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- The last thing that went wrong with each target, in words, and since when nothing has gone well there.
CREATE TABLE target_error (
    target INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    since  INTEGER NOT NULL,
    words  TEXT NOT NULL
);
