-- The names of the master keys that ever sealed a secret. The keys themselves are never in here.
CREATE TABLE secret_key (
  id         TEXT   NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL,
  -- Touched by each secret that is sealed, so that a retirement waits for those under way.
  uses       BIGINT NOT NULL,
  retired_at BIGINT
);

-- Secrets under envelope encryption: a text under its own data key, the data key under a master
-- key. Both are bound to the owner and the identifier, so a row cannot be moved.
CREATE TABLE secret (
  id          TEXT   NOT NULL PRIMARY KEY,
  tenant_id   BIGINT NOT NULL,
  key_id      TEXT   NOT NULL REFERENCES secret_key (id),
  wrapped_key TEXT   NOT NULL,
  ciphertext  TEXT   NOT NULL,
  created_at  BIGINT NOT NULL
);

CREATE INDEX secret_by_key ON secret (key_id, id);
