-- What came with format 4.

-- What could not be read and was set aside, so that everything else goes on. The rows themselves stay where they are.
CREATE TABLE damaged (
    kind INTEGER NOT NULL,          -- DamagedKind
    name TEXT NOT NULL,             -- an ARN, the number of a call, the name of a state machine, or what the error says
    why TEXT NOT NULL,
    at INTEGER NOT NULL,            -- when it was noticed first, in milliseconds
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
