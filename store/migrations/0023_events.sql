-- What happened, for streams and notifications. Written by the transaction that it tells of; kept
-- for some days.
CREATE TABLE event (
  -- In the order of the commits: who has read up to a number has missed nothing before it.
  id        {{identity}},
  tenant_id BIGINT NOT NULL,
  -- Area and what happened, such as carrier.updated.
  kind      TEXT   NOT NULL,
  -- What it happened to, such as carrier/acme.
  subject   TEXT   NOT NULL,
  -- Who did it.
  actor     TEXT   NOT NULL,
  data      TEXT   NOT NULL,
  at        BIGINT NOT NULL
);

CREATE INDEX event_by_tenant ON event (tenant_id, id);
CREATE INDEX event_by_kind ON event (tenant_id, kind, id);
CREATE INDEX event_by_time ON event (at);

-- The last event that notifications were made of. One row.
CREATE TABLE notification_position (
  id       BIGINT NOT NULL PRIMARY KEY,
  event_id BIGINT NOT NULL
);

INSERT INTO notification_position (id, event_id) VALUES (1, 0);

-- What a notification target was, or is to be, told of.
CREATE TABLE notification_delivery (
  id          {{identity}},
  tenant_id   BIGINT NOT NULL,
  target      TEXT   NOT NULL,
  -- webhook or email.
  channel     TEXT   NOT NULL,
  -- Goes with each try, so that the other side tells a repetition; drawn at random.
  message_id  TEXT   NOT NULL,
  -- NULL for a test.
  event_id    BIGINT,
  event_kind  TEXT   NOT NULL,
  -- pending, delivered, failed (tried again), dead, or suppressed.
  state       TEXT   NOT NULL,
  attempts    BIGINT NOT NULL,
  -- The job that delivers it, or sends the mail.
  job_id      BIGINT,
  -- Of the last try: the answer's status, how long it took, why it failed.
  status      BIGINT,
  duration_ms BIGINT,
  error       TEXT,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
);

CREATE INDEX notification_delivery_by_tenant ON notification_delivery (tenant_id, id);
CREATE INDEX notification_delivery_by_target ON notification_delivery (tenant_id, target, id);
CREATE INDEX notification_delivery_by_time ON notification_delivery (updated_at);
