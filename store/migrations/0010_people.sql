-- People: who may sign in, by what, from where, and what of it happened.

-- Sessions begin anew: those of before do not say where they came from.
DROP TABLE session;
ALTER TABLE app_user RENAME TO app_user_before;

-- A person who may sign in. `username` is in lower case; but for the first user it is the address.
CREATE TABLE app_user (
  id                  {{identity}},
  tenant_id           BIGINT  NOT NULL,
  username            TEXT    NOT NULL UNIQUE,
  email               TEXT    UNIQUE,
  full_name           TEXT    NOT NULL,
  role                TEXT    NOT NULL,
  status              TEXT    NOT NULL,
  password_hash       TEXT,
  password_changed_at BIGINT,
  email_verified_at   BIGINT,
  last_sign_in_at     BIGINT,
  allowed_networks    TEXT    NOT NULL,
  authenticator_handle TEXT   UNIQUE,
  created_at          BIGINT  NOT NULL,
  updated_at          BIGINT  NOT NULL
);
CREATE INDEX app_user_by_tenant ON app_user (tenant_id, username);

INSERT INTO app_user (tenant_id, username, full_name, role, status, password_hash,
                      password_changed_at, allowed_networks, created_at, updated_at)
SELECT 1, LOWER(username), username, 'super_admin', 'active', password_hash,
       created_at, '[]', created_at, created_at
FROM app_user_before;
DROP TABLE app_user_before;

-- The token itself is known only to the browser. `tenant_id` is where the session acts: the
-- user's own tenant, or one below it while `parent_id` names the session it was entered from; then
-- `role` is the one that is acted in, else it is null and the user's own counts.
CREATE TABLE session (
  id               TEXT    NOT NULL PRIMARY KEY,
  token_hash       TEXT    NOT NULL UNIQUE,
  user_id          BIGINT  NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  tenant_id        BIGINT  NOT NULL,
  parent_id        TEXT    REFERENCES session (id) ON DELETE CASCADE,
  role             TEXT,
  method           TEXT    NOT NULL,
  remembered       BOOLEAN NOT NULL,
  idle_timeout_s   BIGINT  NOT NULL,
  created_at       BIGINT  NOT NULL,
  last_used_at     BIGINT  NOT NULL,
  expires_at       BIGINT  NOT NULL,
  authenticated_at BIGINT  NOT NULL,
  address          TEXT,
  user_agent       TEXT    NOT NULL
);
CREATE INDEX session_by_user ON session (user_id, created_at);
CREATE INDEX session_by_end ON session (expires_at);

-- What is sent to a person or a browser and comes back once; the table has its hash.
CREATE TABLE one_time_token (
  token_hash TEXT   NOT NULL PRIMARY KEY,
  purpose    TEXT   NOT NULL,
  user_id    BIGINT REFERENCES app_user (id) ON DELETE CASCADE,
  content    TEXT   NOT NULL,
  tries      BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_token_by_user ON one_time_token (user_id, purpose);
CREATE INDEX one_time_token_by_end ON one_time_token (expires_at);

-- The authenticator app of a user. The seed is a secret; the last step makes a code good once.
CREATE TABLE totp (
  user_id      BIGINT NOT NULL PRIMARY KEY REFERENCES app_user (id) ON DELETE CASCADE,
  secret_id    TEXT   NOT NULL,
  confirmed_at BIGINT,
  last_step    BIGINT,
  created_at   BIGINT NOT NULL
);

CREATE TABLE recovery_code (
  code_hash  TEXT   NOT NULL PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL
);
CREATE INDEX recovery_code_by_user ON recovery_code (user_id);

-- Public keys of authenticators. The states are as the WebAuthn library writes them.
CREATE TABLE passkey (
  id            {{identity}},
  user_id       BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  credential_id TEXT   NOT NULL UNIQUE,
  name          TEXT   NOT NULL,
  domain        TEXT   NOT NULL,
  static_state  BLOB   NOT NULL,
  dynamic_state BLOB   NOT NULL,
  transports    BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  last_used_at  BIGINT
);
CREATE INDEX passkey_by_user ON passkey (user_id, id);

-- An invited person; becomes a user by the link in the mail.
CREATE TABLE invitation (
  id         {{identity}},
  tenant_id  BIGINT NOT NULL,
  email      TEXT   NOT NULL,
  full_name  TEXT   NOT NULL,
  role       TEXT   NOT NULL,
  token_hash TEXT   NOT NULL UNIQUE,
  invited_by TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE (tenant_id, email)
);

-- Every attempt to sign in as a user that exists.
CREATE TABLE sign_in_event (
  id         {{identity}},
  user_id    BIGINT  NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  tenant_id  BIGINT  NOT NULL,
  at         BIGINT  NOT NULL,
  outcome    TEXT    NOT NULL,
  method     TEXT    NOT NULL,
  address    TEXT,
  user_agent TEXT    NOT NULL,
  new_device BOOLEAN NOT NULL
);
CREATE INDEX sign_in_event_by_user ON sign_in_event (user_id, id);
CREATE INDEX sign_in_event_by_tenant ON sign_in_event (tenant_id, id);

-- Browsers that a user signed in with before.
CREATE TABLE known_device (
  user_id      BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  device_hash  TEXT   NOT NULL,
  last_seen_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, device_hash)
);

-- How the people of a tenant sign in, where it differs from the defaults.
CREATE TABLE sign_in_policy (
  tenant_id  BIGINT NOT NULL PRIMARY KEY,
  version    BIGINT NOT NULL,
  policy     TEXT   NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT   NOT NULL
);
