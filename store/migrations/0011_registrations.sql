-- Strangers who asked for an account and proved their address; they wait for an answer.
CREATE TABLE registration (
  id            {{identity}},
  tenant_id     BIGINT NOT NULL,
  kind          TEXT   NOT NULL,
  company       TEXT   NOT NULL,
  category      TEXT,
  full_name     TEXT   NOT NULL,
  email         TEXT   NOT NULL,
  password_hash TEXT   NOT NULL,
  created_at    BIGINT NOT NULL,
  UNIQUE (tenant_id, email)
);
