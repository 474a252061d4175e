-- The books: double entry, in USD nano-units. An amount above zero is credit: what we owe, or earned.
-- The postings of an entry sum to zero; the balance of an account is the sum of its postings.

CREATE TABLE ledger_account (
  id    {{identity}},
  -- The tenant that owns the party, or whose house account it is.
  owner BIGINT NOT NULL,
  -- customer, carrier, revenue, cost_of_sales, cash, adjustments or exchange_differences.
  kind  TEXT   NOT NULL,
  -- Number of the customer or carrier; of a house account, that of the owner.
  party BIGINT NOT NULL,
  UNIQUE (kind, party)
);

CREATE TABLE ledger_entry (
  id        {{identity}},
  owner     BIGINT NOT NULL,
  -- call_charge, attempt_cost, payment, refund or adjustment.
  kind      TEXT   NOT NULL,
  -- Why it is there, such as a call: nothing is posted twice.
  key       TEXT   NOT NULL UNIQUE,
  -- When it counts: the end of the call.
  at        BIGINT NOT NULL,
  -- The entry that this one corrects.
  corrects  BIGINT,
  -- JSON: reason, reference, who; NULL for calls.
  details   TEXT
);

CREATE TABLE ledger_posting (
  entry_id        BIGINT NOT NULL,
  account_id      BIGINT NOT NULL,
  at              BIGINT NOT NULL,
  amount          BIGINT NOT NULL,
  -- The same in the currency of the party, and what a unit of that was worth in USD.
  currency        TEXT   NOT NULL,
  currency_amount BIGINT NOT NULL,
  exchange_rate   TEXT   NOT NULL,
  PRIMARY KEY (entry_id, account_id)
);

CREATE INDEX ledger_posting_by_account ON ledger_posting (account_id, at, entry_id);

-- Sums of the postings of an account, of each day (UTC) and kind of entry; written with them.
CREATE TABLE ledger_day (
  account_id      BIGINT NOT NULL,
  -- Its first microsecond.
  day             BIGINT NOT NULL,
  kind            TEXT   NOT NULL,
  currency        TEXT   NOT NULL,
  amount          BIGINT NOT NULL CHECK (amount BETWEEN -9000000000000000000 AND 9000000000000000000),
  currency_amount BIGINT NOT NULL
    CHECK (currency_amount BETWEEN -9000000000000000000 AND 9000000000000000000),
  entries         BIGINT NOT NULL,
  PRIMARY KEY (account_id, day, kind, currency)
);

-- Records of calls that are older than the books, up to which they are posted. No row: all are.
CREATE TABLE ledger_catch_up (
  id      BIGINT NOT NULL PRIMARY KEY,
  call_id TEXT   NOT NULL
);

INSERT INTO ledger_catch_up (id, call_id) VALUES (1, '');

--{{sqlite}}
CREATE TRIGGER ledger_entry_is_never_changed BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_entry_is_kept BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_posting_is_never_changed BEFORE UPDATE ON ledger_posting
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_posting_is_kept BEFORE DELETE ON ledger_posting
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
--{{end}}
--{{postgres}}
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only';
END $$;

CREATE TRIGGER ledger_entry_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

CREATE TRIGGER ledger_posting_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting
FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
--{{end}}
