-- Records of calls that are to be sent to another database as well, in the batches in which they were loaded.
CREATE TABLE cdr_batch (
  id      {{identity}},
  -- When it was loaded.
  at      BIGINT NOT NULL,
  records BIGINT NOT NULL,
  -- The number of the first batch that it is sent with; NULL before that. One that was begun is sent
  -- again as it was: whoever has got it already knows it by that.
  sent_as BIGINT,
  -- Identifiers of the calls with commas between them.
  ids     TEXT   NOT NULL
);

-- The queue of a month without a receiver has millions of rows: what waits is added up without its identifiers.
CREATE INDEX cdr_batch_by_time ON cdr_batch (at, records);

-- The one batch that was begun.
CREATE INDEX cdr_batch_begun ON cdr_batch (sent_as) WHERE sent_as IS NOT NULL;

-- One row while records are wanted: loaders look for it.
CREATE TABLE cdr_sink (
  id       BIGINT  NOT NULL PRIMARY KEY,
  -- Why the last try brought nothing; NULL when it did.
  failure  TEXT,
  failures BIGINT  NOT NULL DEFAULT 0,
  -- Not to be tried before.
  next_at  BIGINT  NOT NULL DEFAULT 0,
  -- Records that were sent, and that were given up as too old.
  sent     BIGINT  NOT NULL DEFAULT 0,
  lost     BIGINT  NOT NULL DEFAULT 0,
  -- Whether it was told that records wait for too long.
  is_behind BOOLEAN NOT NULL DEFAULT FALSE
);
