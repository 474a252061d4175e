-- Columns and indexes for finding calls. What is of the egress side is of the last attempt, which is
-- the answered one if any is. Older records have NULL here until they are filled in.
ALTER TABLE cdr ADD COLUMN ingress_trunk TEXT;
ALTER TABLE cdr ADD COLUMN ingress_call_id TEXT;
-- User part of the Request-URI.
ALTER TABLE cdr ADD COLUMN called_number_received TEXT;
-- From the last digit to the first: what ends with some digits begins with them here.
ALTER TABLE cdr ADD COLUMN called_number_reversed TEXT;
-- The customer's, and what it pays in the currency of that.
ALTER TABLE cdr ADD COLUMN rate_card TEXT;
ALTER TABLE cdr ADD COLUMN charge_by_rate BIGINT;
ALTER TABLE cdr ADD COLUMN rate_currency TEXT;
ALTER TABLE cdr ADD COLUMN egress_trunk TEXT;
ALTER TABLE cdr ADD COLUMN gateway TEXT;
ALTER TABLE cdr ADD COLUMN called_number_sent TEXT;
ALTER TABLE cdr ADD COLUMN calling_number_sent TEXT;

ALTER TABLE attempt ADD COLUMN egress_call_id TEXT;
ALTER TABLE attempt ADD COLUMN called_number_sent TEXT;
ALTER TABLE attempt ADD COLUMN calling_number_sent TEXT;
-- On the carrier's card.
ALTER TABLE attempt ADD COLUMN destination TEXT;
ALTER TABLE attempt ADD COLUMN released_by TEXT;

DROP INDEX cdr_by_called_number;
CREATE INDEX cdr_by_called_number ON cdr (owner, called_number, received_at, id);
-- Records of before have NULL in what is new, and calls that were rejected have no egress: no index has them.
CREATE INDEX cdr_by_called_number_reversed ON cdr (owner, called_number_reversed)
  WHERE called_number_reversed IS NOT NULL;
CREATE INDEX cdr_by_calling_number ON cdr (owner, calling_number, received_at, id);
CREATE INDEX cdr_by_ingress_call_id ON cdr (owner, ingress_call_id) WHERE ingress_call_id IS NOT NULL;
CREATE INDEX cdr_by_ingress_trunk ON cdr (owner, ingress_trunk, received_at, id)
  WHERE ingress_trunk IS NOT NULL;
CREATE INDEX cdr_by_egress_trunk ON cdr (owner, egress_trunk, received_at, id)
  WHERE egress_trunk IS NOT NULL;
CREATE INDEX attempt_by_egress_call_id ON attempt (owner, egress_call_id)
  WHERE egress_call_id IS NOT NULL;

INSERT INTO cdr_fill (name, call_id, until, done, total)
SELECT 'search', '', COALESCE(MAX(id), ''), 0, COUNT(*) FROM cdr;

DELETE FROM cdr_fill WHERE total = 0;
