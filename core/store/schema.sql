-- Version 1 of what the daemon keeps. One word, one spelling: columns are named as the members of
-- model/records.h. Times are Unix milliseconds, 0 = never. Words of enumerations are text, flags 0
-- or 1. An id is never used twice (AUTOINCREMENT), so that what tells of the past may name one that
-- is gone. JSON is checked by those who write it: trusted_schema is off.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,  -- key_id, installation, audit_head
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Users -----------------------------------------------------------------------------------------

-- "user" is a reserved word elsewhere.
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  admin INTEGER NOT NULL,
  auditor INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  password_hash TEXT NOT NULL,  -- Empty: cannot log in.
  managed_by TEXT NOT NULL, created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
CREATE INDEX users_created ON users (created_ms, id);

CREATE TABLE workspace (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  managed_by TEXT NOT NULL, created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
CREATE INDEX workspace_created ON workspace (created_ms, id);

CREATE TABLE member (
  workspace INTEGER NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  PRIMARY KEY (workspace, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_user ON member (user);

-- One workspace a namespace: the key says so.
CREATE TABLE namespace (
  cluster TEXT NOT NULL,
  name TEXT NOT NULL,
  workspace INTEGER NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  PRIMARY KEY (cluster, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX namespace_workspace ON namespace (workspace, cluster, name);

CREATE TABLE token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  secret_hash BLOB NOT NULL UNIQUE,
  only_actions TEXT,  -- JSON array of words; NULL: all that its user may.
  -- CASCADE, never SET NULL: a token limited to a workspace must not outlive the limit.
  only_workspace INTEGER REFERENCES workspace (id) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, last_used_ms INTEGER NOT NULL,
  UNIQUE (user, name)
) STRICT;
CREATE INDEX token_only_workspace ON token (only_workspace) WHERE only_workspace IS NOT NULL;

CREATE TABLE session (
  secret_hash BLOB NOT NULL PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  idle_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user);
CREATE INDEX session_idle ON session (idle_until_ms);

CREATE TABLE setup_token (
  secret_hash BLOB NOT NULL PRIMARY KEY,
  ends_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Registries ------------------------------------------------------------------------------------

CREATE TABLE registry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace INTEGER REFERENCES workspace (id) ON DELETE RESTRICT,  -- NULL: of the platform.
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  address TEXT NOT NULL,
  username TEXT NOT NULL,
  trusted_realms TEXT NOT NULL,  -- JSON array.
  ca_pem TEXT NOT NULL,
  client_certificate_pem TEXT NOT NULL,
  minimum_version TEXT NOT NULL,
  pin_sha256 TEXT NOT NULL,
  skip_verify INTEGER NOT NULL,
  proxy TEXT NOT NULL,
  allow_plain_http INTEGER NOT NULL,
  options_json TEXT NOT NULL,
  connect_ms INTEGER NOT NULL, request_ms INTEGER NOT NULL,
  validation_ms INTEGER NOT NULL, statistics_ms INTEGER NOT NULL,
  description TEXT NOT NULL,
  pull_host TEXT NOT NULL,
  default_visibility TEXT NOT NULL,
  health_s INTEGER NOT NULL, statistics_s INTEGER NOT NULL,
  deep_s INTEGER NOT NULL, catalogue_s INTEGER NOT NULL,
  paused INTEGER NOT NULL,
  secret_version INTEGER NOT NULL,
  pull_username TEXT NOT NULL,  -- Of the second credential; empty: there is none.
  pull_suspended INTEGER NOT NULL,
  integration_json TEXT,
  managed_by TEXT NOT NULL, created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
-- NULLs are all different to an index: the platform has its own pair.
CREATE UNIQUE INDEX registry_name_in_workspace ON registry (workspace, name)
  WHERE workspace IS NOT NULL;
CREATE UNIQUE INDEX registry_name_on_platform ON registry (name) WHERE workspace IS NULL;
CREATE UNIQUE INDEX registry_account_in_workspace ON registry (workspace, address, username)
  WHERE workspace IS NOT NULL;
CREATE UNIQUE INDEX registry_account_on_platform ON registry (address, username)
  WHERE workspace IS NULL;
CREATE INDEX registry_name ON registry (name, id);
CREATE INDEX registry_type ON registry (type, id);
CREATE INDEX registry_created ON registry (created_ms, id);

-- Sealed secrets; see sealed.h. `origin` is what the secret was sealed for: whoever opens one gives
-- the origin of today, so that a changed address opens nothing.
CREATE TABLE registry_secret (
  owner INTEGER NOT NULL REFERENCES registry (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,  -- password, client_key, pull_password
  origin TEXT NOT NULL,
  sealed BLOB NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (owner, kind)
) STRICT;

CREATE TABLE health (
  registry INTEGER NOT NULL PRIMARY KEY REFERENCES registry (id) ON DELETE CASCADE,
  state TEXT NOT NULL,
  reason TEXT NOT NULL, message TEXT NOT NULL, hint TEXT NOT NULL,
  since_ms INTEGER NOT NULL, last_try_ms INTEGER NOT NULL,
  last_success_ms INTEGER NOT NULL, next_try_ms INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  refused_at_ms INTEGER NOT NULL, refused_version INTEGER NOT NULL,
  recent TEXT NOT NULL,  -- JSON array of words, newest last.
  last_json TEXT,        -- A model::Validation.
  last_full_json TEXT,
  last_full_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX health_state ON health (state, registry);

CREATE TABLE transition (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  registry INTEGER NOT NULL REFERENCES registry (id) ON DELETE CASCADE,
  state TEXT NOT NULL,
  reason TEXT NOT NULL, message TEXT NOT NULL,
  since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX transition_registry ON transition (registry, id);

-- News outlives what it tells of: no foreign keys.
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  workspace INTEGER, registry INTEGER, space INTEGER,
  subject TEXT NOT NULL,
  data_json TEXT NOT NULL
) STRICT;
CREATE INDEX event_at ON event (at_ms);
CREATE INDEX event_registry ON event (registry, id);
CREATE INDEX event_kind ON event (kind, id);

-- Catalogue -------------------------------------------------------------------------------------

CREATE TABLE space (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  registry INTEGER NOT NULL REFERENCES registry (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  is_public INTEGER NOT NULL,
  upstream_visibility TEXT NOT NULL,
  enforcement TEXT NOT NULL,
  declared INTEGER NOT NULL,
  proxy_cache INTEGER NOT NULL,
  confirm_public INTEGER NOT NULL,
  gone_ms INTEGER NOT NULL,
  repositories INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
  managed_by TEXT NOT NULL, created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
-- A space that is gone keeps its row and its broken bindings beside a new one of the same name.
CREATE UNIQUE INDEX space_name_in_registry ON space (registry, name) WHERE gone_ms = 0;
CREATE INDEX space_registry ON space (registry, name, id);
CREATE INDEX space_upstream ON space (registry, upstream_id);
CREATE INDEX space_name ON space (name, id);
CREATE INDEX space_repositories ON space (repositories, id);
CREATE INDEX space_created ON space (created_ms, id);

-- RESTRICT: what is bound or has robots upstream is unbound first, not forgotten.
CREATE TABLE binding (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  space INTEGER NOT NULL REFERENCES space (id) ON DELETE RESTRICT,
  workspace INTEGER NOT NULL REFERENCES workspace (id) ON DELETE RESTRICT,
  push INTEGER NOT NULL,
  revoke_pending TEXT NOT NULL,
  managed_by TEXT NOT NULL, created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, revision INTEGER NOT NULL,
  UNIQUE (space, workspace)
) STRICT;
CREATE INDEX binding_workspace ON binding (workspace, id);

CREATE TABLE robot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  registry INTEGER NOT NULL REFERENCES registry (id) ON DELETE RESTRICT,
  workspace INTEGER NOT NULL REFERENCES workspace (id) ON DELETE RESTRICT,
  upstream_id TEXT NOT NULL,
  username TEXT NOT NULL,
  push INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, retire_ms INTEGER NOT NULL,
  reconcile INTEGER NOT NULL
) STRICT;
CREATE INDEX robot_registry ON robot (registry, workspace, id);
CREATE INDEX robot_workspace ON robot (workspace, id);

CREATE TABLE robot_space (
  robot INTEGER NOT NULL REFERENCES robot (id) ON DELETE CASCADE,
  space INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
  PRIMARY KEY (robot, space)
) STRICT, WITHOUT ROWID;
CREATE INDEX robot_space_space ON robot_space (space);

CREATE TABLE robot_secret (
  owner INTEGER NOT NULL REFERENCES robot (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  origin TEXT NOT NULL,
  sealed BLOB NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (owner, kind)
) STRICT;

CREATE TABLE repository (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  registry INTEGER NOT NULL REFERENCES registry (id) ON DELETE CASCADE,
  space INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  artifacts INTEGER NOT NULL, pulls INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL, tags_seen_ms INTEGER NOT NULL,
  UNIQUE (registry, name)
) STRICT;
CREATE INDEX repository_space ON repository (space, name);
CREATE INDEX repository_name ON repository (name, id);
CREATE INDEX repository_updated ON repository (updated_ms, id);
CREATE INDEX repository_pulls ON repository (pulls, id);

CREATE TABLE tag (
  repository INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  seen_ms INTEGER NOT NULL,
  PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep (
  registry INTEGER NOT NULL REFERENCES registry (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  cursor TEXT NOT NULL,
  PRIMARY KEY (registry, kind)
) STRICT, WITHOUT ROWID;

-- Measures --------------------------------------------------------------------------------------

CREATE TABLE statistics (
  registry INTEGER NOT NULL PRIMARY KEY REFERENCES registry (id) ON DELETE CASCADE,
  taken_at_ms INTEGER NOT NULL,
  level TEXT NOT NULL,
  complete INTEGER NOT NULL
) STRICT;

-- Spaces as the newest collection named them, whether the catalogue knows them or not.
CREATE TABLE statistics_space (
  registry INTEGER NOT NULL REFERENCES statistics (registry) ON DELETE CASCADE,
  position INTEGER NOT NULL,  -- From 1, in the order of the collection.
  name TEXT NOT NULL,
  visibility TEXT NOT NULL,
  PRIMARY KEY (registry, position)
) STRICT, WITHOUT ROWID;

-- A measure of the registry is there twice: as the newest collection that asked for it said, and
-- as it was when it was known last.
CREATE TABLE measure_now (
  registry INTEGER NOT NULL REFERENCES statistics (registry) ON DELETE CASCADE,
  space INTEGER NOT NULL,     -- 0: the whole registry; else a position of statistics_space.
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  last_known INTEGER NOT NULL,
  position INTEGER NOT NULL,  -- In the order of the collection.
  value INTEGER NOT NULL,
  state TEXT NOT NULL,
  scope TEXT NOT NULL,
  unit TEXT NOT NULL,
  taken_at_ms INTEGER NOT NULL,
  hint TEXT NOT NULL,
  cut INTEGER NOT NULL,
  PRIMARY KEY (registry, space, name, kind, last_known)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  registry INTEGER NOT NULL REFERENCES registry (id) ON DELETE CASCADE,
  measure TEXT NOT NULL,
  kind TEXT NOT NULL,
  hourly_until_ms INTEGER NOT NULL,  -- Hours before this are folded.
  daily_until_ms INTEGER NOT NULL,
  UNIQUE (registry, measure, kind)
) STRICT;

CREATE TABLE series_raw (
  series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  value INTEGER NOT NULL, minimum INTEGER NOT NULL, maximum INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (series, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE series_hourly (
  series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  value INTEGER NOT NULL, minimum INTEGER NOT NULL, maximum INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (series, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE series_daily (
  series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  value INTEGER NOT NULL, minimum INTEGER NOT NULL, maximum INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (series, at_ms)
) STRICT, WITHOUT ROWID;

-- Work, audit, answers --------------------------------------------------------------------------

-- A job tells what was done to things that may be gone since: no foreign keys.
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  input_json TEXT NOT NULL,
  output_json TEXT NOT NULL,
  state TEXT NOT NULL,
  run_at_ms INTEGER NOT NULL, lease_until_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  error_json TEXT,
  again_json TEXT,  -- Input of the job that follows when this one, which runs, has ended,
  again_ms INTEGER NOT NULL DEFAULT 0,  -- and when that is due.
  workspace INTEGER, registry INTEGER,
  created_by TEXT NOT NULL,
  progress TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_live ON job (kind, key) WHERE state IN ('queued', 'running');
CREATE INDEX job_due ON job (run_at_ms, id, state) WHERE state = 'queued';  -- All that counting reads.
CREATE INDEX job_lease ON job (lease_until_ms, id) WHERE state = 'running';
CREATE INDEX job_ended ON job (ended_ms) WHERE ended_ms <> 0;
CREATE INDEX job_registry ON job (registry, id);
CREATE INDEX job_workspace ON job (workspace, id);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  remote TEXT NOT NULL, request_id TEXT NOT NULL, outcome TEXT NOT NULL,
  before_json TEXT NOT NULL, after_json TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at_ms);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE TRIGGER audit_keeps_its_words BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_keeps_its_entries BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TABLE webhook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,  -- JSON array; empty: all.
  enabled INTEGER NOT NULL,
  delivered INTEGER NOT NULL,  -- The last event that it was given, or that was given up.
  managed_by TEXT NOT NULL, created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_secret (
  owner INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  origin TEXT NOT NULL,
  sealed BLOB NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (owner, kind)
) STRICT;

CREATE TABLE idempotency (
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  location TEXT NOT NULL,
  body BLOB NOT NULL,  -- Sealed: it may hold a token that is shown once.
  PRIMARY KEY (user, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at_ms);
