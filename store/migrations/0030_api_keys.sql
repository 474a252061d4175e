-- Keys of programs. A key is known only to whoever it was shown to; the table has its hash.
CREATE TABLE api_key (
  id             {{identity}},
  tenant_id      BIGINT NOT NULL,
  name           TEXT   NOT NULL,
  -- The beginning of the key, by which people tell keys apart.
  hint           TEXT   NOT NULL,
  key_hash       TEXT   NOT NULL UNIQUE,
  -- The key before the last rotation, while it still counts.
  previous_hash  TEXT   UNIQUE,
  previous_until BIGINT,
  -- Names, with spaces between them.
  permissions    TEXT   NOT NULL,
  -- Ranges of addresses, with spaces between them; none: from everywhere.
  networks       TEXT   NOT NULL,
  -- Whose rights bound those of the key; NULL: made by the key of the machine.
  maker_id       BIGINT,
  made_by        TEXT   NOT NULL,
  created_at     BIGINT NOT NULL,
  rotated_at     BIGINT,
  expires_at     BIGINT,
  revoked_at     BIGINT,
  last_used_at   BIGINT,
  last_used_from TEXT
);
CREATE INDEX api_key_by_tenant ON api_key (tenant_id, id);
CREATE INDEX api_key_by_maker ON api_key (maker_id);
CREATE UNIQUE INDEX api_key_by_name ON api_key (tenant_id, name) WHERE revoked_at IS NULL;
