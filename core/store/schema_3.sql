-- Version 3: what a plugin keeps from one collection of a registry for the next.

CREATE TABLE memory (
  registry INTEGER NOT NULL PRIMARY KEY REFERENCES registry (id) ON DELETE CASCADE,
  good_for TEXT NOT NULL  -- Plugin and account: to every other one these notes are nothing.
) STRICT;

CREATE TABLE memory_note (
  registry INTEGER NOT NULL REFERENCES memory (registry) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (registry, key)
) STRICT, WITHOUT ROWID;
