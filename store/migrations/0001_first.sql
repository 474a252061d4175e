-- Times are microseconds since 1970-01-01T00:00:00Z. Amounts are nano-units (1e-9) of the
-- currency beside them. Identifiers of calls are 32 hexadecimal digits.

-- Every published configuration has a number; calls carry it.
CREATE TABLE configuration (
  number     BIGINT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL,
  author     TEXT   NOT NULL
);

-- What is configured now.
CREATE TABLE resource (
  id         INTEGER NOT NULL PRIMARY KEY,
  kind       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  version    BIGINT  NOT NULL,
  spec       TEXT    NOT NULL,
  deck_hash  TEXT,
  created_at BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL,
  UNIQUE (kind, name)
);

-- Every version that ever was.
CREATE TABLE resource_version (
  resource_id   BIGINT NOT NULL REFERENCES resource (id),
  version       BIGINT NOT NULL,
  configuration BIGINT NOT NULL REFERENCES configuration (number),
  spec          TEXT   NOT NULL,
  deck_hash     TEXT,
  PRIMARY KEY (resource_id, version)
);

-- Rate decks by the SHA-256 of their text. A deck never changes, so versions of a card share it.
CREATE TABLE deck (
  hash       TEXT   NOT NULL PRIMARY KEY,
  content    TEXT   NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE app_user (
  id            INTEGER NOT NULL PRIMARY KEY,
  username      TEXT    NOT NULL UNIQUE,
  password_hash TEXT    NOT NULL,
  role          TEXT    NOT NULL,
  created_at    BIGINT  NOT NULL
);

-- The token itself is known only to the browser.
CREATE TABLE session (
  token_hash   TEXT   NOT NULL PRIMARY KEY,
  user_id      BIGINT NOT NULL REFERENCES app_user (id),
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
);

CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

-- One row for each call that ended. The columns serve lists and filters; `record` is the whole.
CREATE TABLE cdr (
  id              TEXT   NOT NULL PRIMARY KEY,
  node            TEXT   NOT NULL,
  snapshot_number BIGINT NOT NULL,
  received_at     BIGINT NOT NULL,
  answered_at     BIGINT,
  ended_at        BIGINT NOT NULL,
  customer_id     BIGINT,
  customer        TEXT,
  carrier_id      BIGINT,
  carrier         TEXT,
  destination     TEXT,
  calling_number  TEXT   NOT NULL,
  called_number   TEXT   NOT NULL,
  outcome         TEXT   NOT NULL,
  sip_status      BIGINT NOT NULL,
  release_reason  TEXT   NOT NULL,
  released_by     TEXT   NOT NULL,
  duration_ms     BIGINT NOT NULL,
  billed_seconds  BIGINT NOT NULL,
  pdd_ms          BIGINT,
  attempts        BIGINT NOT NULL,
  charge          BIGINT NOT NULL,
  cost            BIGINT NOT NULL,
  margin          BIGINT NOT NULL,
  currency        TEXT   NOT NULL,
  record          TEXT   NOT NULL
);

CREATE INDEX cdr_by_time ON cdr (received_at, id);
CREATE INDEX cdr_by_customer ON cdr (customer, received_at, id);
CREATE INDEX cdr_by_carrier ON cdr (carrier, received_at, id);
CREATE INDEX cdr_by_called_number ON cdr (called_number);

-- One row for each egress attempt of those calls.
CREATE TABLE attempt (
  call_id         TEXT   NOT NULL,
  number          BIGINT NOT NULL,
  carrier_id      BIGINT NOT NULL,
  carrier         TEXT   NOT NULL,
  egress_trunk_id BIGINT NOT NULL,
  egress_trunk    TEXT   NOT NULL,
  gateway         TEXT   NOT NULL,
  prefix          TEXT   NOT NULL,
  started_at      BIGINT NOT NULL,
  first_reply_at  BIGINT,
  ringing_at      BIGINT,
  answered_at     BIGINT,
  ended_at        BIGINT NOT NULL,
  outcome         TEXT   NOT NULL,
  sip_status      BIGINT NOT NULL,
  release_reason  TEXT   NOT NULL,
  billed_seconds  BIGINT NOT NULL,
  cost            BIGINT NOT NULL,
  currency        TEXT   NOT NULL,
  PRIMARY KEY (call_id, number)
);

-- Calls that were answered and have not ended, as far as the journal is loaded.
CREATE TABLE open_call (
  id     TEXT   NOT NULL PRIMARY KEY,
  boot   TEXT   NOT NULL,
  shard  BIGINT NOT NULL,
  record TEXT   NOT NULL
);

-- How far each journal segment is loaded; changes with the rows that came from it.
CREATE TABLE journal_position (
  segment  TEXT    NOT NULL PRIMARY KEY,
  position BIGINT  NOT NULL,
  finished BOOLEAN NOT NULL,
  damaged  BOOLEAN NOT NULL
);
