-- Format 6: who made each change of the audit trail, as JSON; NULL where nobody is known, as for what was changed before.
ALTER TABLE control ADD COLUMN actor TEXT;
