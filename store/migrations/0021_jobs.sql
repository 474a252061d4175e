-- Work to be done in the background, at least once.
CREATE TABLE job (
  id           {{identity}},
  tenant_id    BIGINT NOT NULL,
  kind         TEXT   NOT NULL,
  payload      TEXT   NOT NULL,
  -- Of the jobs of a kind that are not finished, one only has this key.
  unique_key   TEXT,
  -- The lower runs first.
  priority     BIGINT NOT NULL,
  -- ready, running, done, dead or discarded.
  state        TEXT   NOT NULL,
  -- Runs that were begun, and how many may be before the job is dead.
  attempts     BIGINT NOT NULL,
  attempts_max BIGINT NOT NULL,
  run_at       BIGINT NOT NULL,
  -- Who runs it, and until when others leave it alone.
  lease_owner  TEXT,
  lease_until  BIGINT,
  last_error   TEXT,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
);

CREATE INDEX job_to_run ON job (state, priority, run_at, id);
CREATE INDEX job_by_tenant ON job (tenant_id, id);
CREATE INDEX job_by_age ON job (state, updated_at);
CREATE UNIQUE INDEX job_by_unique_key ON job (kind, unique_key)
  WHERE unique_key IS NOT NULL AND (state = 'ready' OR state = 'running');

-- What became of each run.
CREATE TABLE job_attempt (
  job_id     BIGINT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number     BIGINT NOT NULL,
  node       TEXT   NOT NULL,
  started_at BIGINT NOT NULL,
  -- NULL while it runs.
  ended_at   BIGINT,
  -- running, succeeded, failed, gave_up, put_off or lost.
  outcome    TEXT   NOT NULL,
  error      TEXT,
  PRIMARY KEY (job_id, number)
);

-- When which job is put into the queue by the clock.
CREATE TABLE job_schedule (
  name        TEXT   NOT NULL PRIMARY KEY,
  cron        TEXT   NOT NULL,
  next_run_at BIGINT NOT NULL,
  last_run_at BIGINT,
  last_job_id BIGINT
);
