-- Calls of a time rated once more: what that would change, and whether it was posted.
CREATE TABLE rerating (
  id         {{identity}},
  owner      BIGINT NOT NULL REFERENCES tenant (id),
  -- previewing, ready, failed, applying or applied.
  state      TEXT   NOT NULL,
  author     TEXT   NOT NULL,
  -- JSON: which calls, and by what they are rated.
  asked      TEXT   NOT NULL,
  -- SHA-256 of the rates that they were rated by; NULL until they are.
  rates      TEXT,
  -- JSON: sums by customer or carrier, and what could not be rated.
  outcome    TEXT,
  failure    TEXT,
  job_id     BIGINT,
  -- When the calls began to be read; 0: another was applied since, so this one is of no use.
  begun_at   BIGINT,
  -- Who had it posted, since when, and up to which line that is done.
  applied_by TEXT,
  applied_at BIGINT,
  -- Which of the tenant's it was to be applied, from 1: clocks of nodes differ.
  applied_place BIGINT NOT NULL DEFAULT 0,
  place      TEXT   NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX rerating_by_owner ON rerating (owner, id);

-- A charge of a call or a cost of an attempt that would be another.
CREATE TABLE rerating_line (
  rerating_id   BIGINT NOT NULL REFERENCES rerating (id) ON DELETE CASCADE,
  -- The call and the attempt, from 1; 0 for the charge of the call.
  call_id       TEXT   NOT NULL,
  attempt       BIGINT NOT NULL,
  -- Number of the customer, or of the carrier.
  party         BIGINT NOT NULL,
  currency      TEXT   NOT NULL,
  exchange_rate TEXT   NOT NULL,
  -- What the books have, with corrections of before, and what they would have: in the currency, and in USD.
  was           BIGINT NOT NULL,
  was_books     BIGINT NOT NULL,
  now           BIGINT NOT NULL,
  now_books     BIGINT NOT NULL,
  PRIMARY KEY (rerating_id, call_id, attempt)
);
CREATE INDEX rerating_line_by_call ON rerating_line (call_id, attempt, rerating_id);
