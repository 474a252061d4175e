-- Settling with companies that are a customer and a carrier at once: a row for each period.
CREATE TABLE netting (
  id            {{identity}},
  owner         BIGINT NOT NULL REFERENCES tenant (id),
  customer_id   BIGINT NOT NULL,
  carrier_id    BIGINT NOT NULL,
  -- open: the period is not over; draft; confirmed: both entries are posted; paid.
  state         TEXT   NOT NULL,
  -- As they were agreed when the period began: a change counts from the next.
  terms         TEXT   NOT NULL,
  time_zone     TEXT   NOT NULL,
  currency      TEXT   NOT NULL,
  period_from   BIGINT NOT NULL,
  period_to     BIGINT NOT NULL,
  due_from      BIGINT NOT NULL,
  overdue_from  BIGINT NOT NULL,
  -- JSON: by side and currency all that was ever charged, corrected and adjusted up to the end of the period,
  -- as the books had it when the statement was made; of an open one, up to its beginning. The next statement
  -- is what has come to it since: each posting is in one statement, however late it came.
  counted       TEXT   NOT NULL,
  -- JSON: what the period came to, by side and currency. NULL until it is over.
  lines         TEXT,
  they_owe      BIGINT,
  we_owe        BIGINT,
  -- Why there is no statement yet although the period is over.
  failure       TEXT,
  -- 0; 1 once it was told that it is due, 2 that it is overdue.
  told          BIGINT NOT NULL DEFAULT 0,
  drafted_at    BIGINT,
  confirmed_at  BIGINT,
  confirmed_by  TEXT,
  paid_at       BIGINT,
  paid_by       TEXT,
  -- The payment of the difference; NULL when there was none to pay.
  payment_entry BIGINT,
  UNIQUE (customer_id, carrier_id, period_from)
);
CREATE INDEX netting_by_owner ON netting (owner, id);
CREATE INDEX netting_by_customer ON netting (customer_id, id);
CREATE INDEX netting_by_carrier ON netting (carrier_id, id);
CREATE INDEX netting_unpaid ON netting (due_from) WHERE state IN ('draft', 'confirmed');
-- One period of a customer, and of a carrier, is under way.
CREATE UNIQUE INDEX netting_open ON netting (customer_id) WHERE state = 'open';
CREATE UNIQUE INDEX netting_open_of_carrier ON netting (carrier_id) WHERE state = 'open';

-- Nettings are few among calls as well.
DROP INDEX ledger_entry_beside_calls;
CREATE INDEX ledger_entry_beside_calls ON ledger_entry (owner, at, id)
  WHERE kind IN ('payment', 'refund', 'adjustment', 'netting');
