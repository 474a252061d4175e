-- A day of an account may hold more than 64 bits of nano-units, in a weak currency above all: its sum
-- goes on in a further part then, and no posting ever waits for it.
CREATE TABLE ledger_day_of_parts (
  account_id      BIGINT NOT NULL,
  -- Its first microsecond.
  day             BIGINT NOT NULL,
  kind            TEXT   NOT NULL,
  currency        TEXT   NOT NULL,
  -- 0 for nearly all; the sum is that of all parts.
  part            BIGINT NOT NULL DEFAULT 0,
  amount          BIGINT NOT NULL,
  currency_amount BIGINT NOT NULL,
  entries         BIGINT NOT NULL,
  PRIMARY KEY (account_id, day, kind, currency, part)
);

INSERT INTO ledger_day_of_parts
  (account_id, day, kind, currency, part, amount, currency_amount, entries)
SELECT account_id, day, kind, currency, 0, amount, currency_amount, entries FROM ledger_day;

DROP TABLE ledger_day;
ALTER TABLE ledger_day_of_parts RENAME TO ledger_day;
