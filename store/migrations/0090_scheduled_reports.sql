-- A file that goes with a mail, sealed as its text is; gone once it is sent.
ALTER TABLE mail ADD COLUMN attachment_name TEXT;
ALTER TABLE mail ADD COLUMN attachment_secret_id TEXT REFERENCES secret (id);

-- How far each scheduled report was sent.
CREATE TABLE scheduled_report (
  resource_id BIGINT NOT NULL PRIMARY KEY REFERENCES resource (id),
  -- The day behind its last period, as 2026-12-31.
  sent_until  TEXT   NOT NULL,
  sent_at     BIGINT NOT NULL
);
