-- Sums of calls and attempts, of each quarter of an hour and each day (UTC); written with the records.
-- Amounts are in two columns, whole units and the nano-units beside them: no sum is ever too large.
CREATE TABLE traffic (
  -- The tenant that owns the customer.
  owner             BIGINT NOT NULL,
  -- call: one for each call, at the time it was received. attempt: one for each, at its beginning.
  side              TEXT   NOT NULL,
  -- 15 or 1440 minutes.
  grain             BIGINT NOT NULL,
  -- Its first microsecond.
  bucket            BIGINT NOT NULL,
  -- Numbers of the resources; 0 for none, and for what the side has not.
  customer_id       BIGINT NOT NULL,
  ingress_trunk_id  BIGINT NOT NULL,
  carrier_id        BIGINT NOT NULL,
  egress_trunk_id   BIGINT NOT NULL,
  -- On the card of that side, and its currency.
  destination       TEXT   NOT NULL,
  currency          TEXT   NOT NULL,
  seizures          BIGINT NOT NULL,
  answered          BIGINT NOT NULL,
  effective         BIGINT NOT NULL,
  rejected          BIGINT NOT NULL,
  -- Those that rang, and how long that took in all.
  rang              BIGINT NOT NULL,
  pdd_ms            BIGINT NOT NULL,
  talk_ms           BIGINT NOT NULL,
  billed_seconds    BIGINT NOT NULL,
  -- In the currency of the books.
  charge            BIGINT NOT NULL,
  charge_nanos      BIGINT NOT NULL,
  cost              BIGINT NOT NULL,
  cost_nanos        BIGINT NOT NULL,
  -- What the side itself pays or is paid, in its currency.
  amount            BIGINT NOT NULL,
  amount_nanos      BIGINT NOT NULL,
  PRIMARY KEY (owner, side, grain, bucket, customer_id, ingress_trunk_id, carrier_id,
    egress_trunk_id, destination, currency)
);

CREATE INDEX traffic_by_customer ON traffic (owner, customer_id, side, grain, bucket);
CREATE INDEX traffic_by_carrier ON traffic (owner, carrier_id, side, grain, bucket)
  WHERE carrier_id <> 0;

-- Records of calls that are older than something that is kept of them, up to which it is filled in.
-- No row: all are.
CREATE TABLE cdr_fill (
  name    TEXT   NOT NULL PRIMARY KEY,
  -- The last that is filled in, and the last that must be.
  call_id TEXT   NOT NULL,
  until   TEXT   NOT NULL,
  done    BIGINT NOT NULL,
  total   BIGINT NOT NULL
);

INSERT INTO cdr_fill (name, call_id, until, done, total)
SELECT 'traffic', '', COALESCE(MAX(id), ''), 0, COUNT(*) FROM cdr;

DELETE FROM cdr_fill WHERE total = 0;
