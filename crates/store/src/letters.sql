-- What came with format 3.

-- The lane that a dead letter was in: 0 HIGH, 1 MEDIUM, 2 BATCH; NULL when it never was in one, or became one before.
ALTER TABLE dead_letter ADD COLUMN lane INTEGER;
