-- Mail to be sent. It is queued by the transaction that it tells of, and sent by a job.
CREATE TABLE mail (
  id         TEXT   NOT NULL PRIMARY KEY,
  tenant_id  BIGINT NOT NULL,
  -- What it is about, such as email_verification.
  purpose    TEXT   NOT NULL,
  recipient  TEXT   NOT NULL,
  subject    TEXT   NOT NULL,
  -- Its text is sealed, for it may hold a link that lets somebody in; gone once it is sent.
  secret_id  TEXT   REFERENCES secret (id),
  -- The job that sends it.
  job_id     BIGINT,
  -- queued or sent.
  state      TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  sent_at    BIGINT
);

CREATE INDEX mail_by_tenant ON mail (tenant_id, created_at, id);
CREATE INDEX mail_by_age ON mail (state, sent_at);
