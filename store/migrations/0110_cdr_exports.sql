-- Files of calls that a search finds: made by a job, kept for a time.
CREATE TABLE cdr_export (
  id         {{identity}},
  -- Whose file it is, and whose records they are: of a customer's file, its owner's.
  tenant_id  BIGINT NOT NULL REFERENCES tenant (id),
  owner      BIGINT NOT NULL REFERENCES tenant (id),
  -- staff, customer or carrier; the number of the last two.
  side       TEXT   NOT NULL,
  party_id   BIGINT NOT NULL DEFAULT 0,
  -- making, ready or failed.
  state      TEXT   NOT NULL,
  author     TEXT   NOT NULL,
  format     TEXT   NOT NULL,
  -- The query string of the list.
  asked      TEXT   NOT NULL,
  -- Which run writes it.
  run        BIGINT NOT NULL DEFAULT 0,
  records    BIGINT NOT NULL DEFAULT 0,
  -- As it is read, and as it is kept.
  bytes      BIGINT NOT NULL DEFAULT 0,
  kept_bytes BIGINT NOT NULL DEFAULT 0,
  parts      BIGINT NOT NULL DEFAULT 0,
  failure    TEXT,
  job_id     BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX cdr_export_by_tenant ON cdr_export (tenant_id, id);

-- The file, in parts that are gzip each.
CREATE TABLE cdr_export_part (
  export_id BIGINT NOT NULL REFERENCES cdr_export (id) ON DELETE CASCADE,
  number    BIGINT NOT NULL,
  content   BLOB   NOT NULL,
  PRIMARY KEY (export_id, number)
);
