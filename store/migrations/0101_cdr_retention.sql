-- Days of call records (UTC, by the identifier) that were archived or dropped. No row: the records are in the
-- database and nowhere else.
CREATE TABLE cdr_day (
  -- Its first microsecond.
  day         BIGINT NOT NULL PRIMARY KEY,
  -- archived, dropping or dropped.
  state       TEXT   NOT NULL,
  -- Records of calls that it had when it was archived, or else when dropping began.
  rows        BIGINT NOT NULL,
  -- When it was archived, and where.
  archived_at BIGINT,
  archive_key TEXT,
  -- Records of calls that are dropped so far, and when the last was.
  dropped     BIGINT NOT NULL DEFAULT 0,
  dropped_at  BIGINT
);

-- What the columns of dropped records added up to, by account, in whole units and the nano-units beside them:
-- the books are held against these and the records that are left.
CREATE TABLE cdr_dropped_sum (
  kind  TEXT   NOT NULL,
  party BIGINT NOT NULL,
  units BIGINT NOT NULL,
  nanos BIGINT NOT NULL,
  PRIMARY KEY (kind, party)
);

-- Records that a journal brought when their day was dropped: they are in the books once, in no report, and here.
CREATE TABLE cdr_late (
  id     TEXT NOT NULL PRIMARY KEY,
  record TEXT NOT NULL
);
