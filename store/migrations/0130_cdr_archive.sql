-- Who writes a day of call records into the archive: a run each time, and which of them counts. What another run wrote
-- is left over.
CREATE TABLE cdr_archive_run (
  -- First microsecond of the day.
  day          BIGINT NOT NULL PRIMARY KEY,
  -- The latest run; who has an earlier number writes nothing more.
  run          BIGINT NOT NULL,
  -- The run whose files are the day in the archive.
  archived_run BIGINT
);

-- Files in the archive, said before they are written.
CREATE TABLE cdr_archive_file (
  key            TEXT   NOT NULL PRIMARY KEY,
  day            BIGINT NOT NULL,
  run            BIGINT NOT NULL,
  records        BIGINT NOT NULL,
  bytes          BIGINT NOT NULL,
  -- Of its calls: the first identifier and the last, when the first was received and the last, and when the first attempt
  -- began and the last.
  first_id       TEXT   NOT NULL,
  last_id        TEXT   NOT NULL,
  first_received BIGINT NOT NULL,
  last_received  BIGINT NOT NULL,
  first_attempt  BIGINT,
  last_attempt   BIGINT
);
CREATE INDEX cdr_archive_file_by_day ON cdr_archive_file (day, run);
