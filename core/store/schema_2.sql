-- Version 2: the audit may lose what was kept elsewhere, and still proves the rest. Marks are the
-- number and hash of an entry under a fingerprint of the sealing key: "exported", up to where it is
-- kept elsewhere; "anchor", behind which the chain here begins.

CREATE TABLE audit_mark (
  name TEXT NOT NULL PRIMARY KEY,
  id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

DROP TRIGGER audit_keeps_its_entries;
CREATE TRIGGER audit_keeps_its_entries BEFORE DELETE ON audit
WHEN OLD.id > COALESCE((SELECT id FROM audit_mark WHERE name = 'anchor'), 0)
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
