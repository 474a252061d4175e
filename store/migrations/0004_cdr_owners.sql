-- Whose each record is: the tenant that owns the customer; the platform's when nobody is known.
ALTER TABLE cdr ADD COLUMN owner BIGINT NOT NULL DEFAULT 1;
ALTER TABLE attempt ADD COLUMN owner BIGINT NOT NULL DEFAULT 1;

UPDATE cdr SET owner = (SELECT r.owner FROM resource r WHERE r.id = cdr.customer_id)
WHERE customer_id IN (SELECT id FROM resource WHERE owner <> 1);
UPDATE attempt SET owner = (SELECT c.owner FROM cdr c WHERE c.id = attempt.call_id)
WHERE call_id IN (SELECT id FROM cdr WHERE owner <> 1);

DROP INDEX cdr_by_time;
DROP INDEX cdr_by_customer;
DROP INDEX cdr_by_carrier;
DROP INDEX cdr_by_called_number;
CREATE INDEX cdr_by_time ON cdr (owner, received_at, id);
CREATE INDEX cdr_by_customer ON cdr (owner, customer, received_at, id);
CREATE INDEX cdr_by_carrier ON cdr (owner, carrier, received_at, id);
CREATE INDEX cdr_by_customer_id ON cdr (owner, customer_id, received_at, id);
CREATE INDEX cdr_by_called_number ON cdr (owner, called_number);
CREATE INDEX attempt_by_carrier_id ON attempt (owner, carrier_id, started_at, call_id);
