-- Payments and adjustments are few among calls: they are found without looking at those.
CREATE INDEX ledger_entry_beside_calls ON ledger_entry (owner, at, id)
  WHERE kind IN ('payment', 'refund', 'adjustment');

-- How low the balance of a customer was when it was last told: how many thresholds it was below.
CREATE TABLE ledger_low_balance (
  customer_id BIGINT NOT NULL PRIMARY KEY,
  below       BIGINT NOT NULL
);
