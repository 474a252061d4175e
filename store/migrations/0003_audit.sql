-- The audit log: for each tenant a chain of entries, each of which holds the hash of the one before.

-- Where each chain ends, and where what is left of it begins.
CREATE TABLE audit_chain (
  tenant_id       BIGINT NOT NULL PRIMARY KEY REFERENCES tenant (id),
  -- Number and hash of the last entry.
  sequence        BIGINT NOT NULL,
  hash            BLOB   NOT NULL,
  -- Number and hash of the last entry that retention took away; 0 and zeros: none.
  anchor_sequence BIGINT NOT NULL,
  anchor_hash     BLOB   NOT NULL
);

CREATE TABLE audit_entry (
  tenant_id         BIGINT NOT NULL REFERENCES audit_chain (tenant_id),
  -- 1 for the first of the tenant; no gaps.
  sequence          BIGINT NOT NULL,
  created_at        BIGINT NOT NULL,
  -- Who. The name as it was; numbers are not references, for users go and the log stays.
  actor             TEXT   NOT NULL,
  user_id           BIGINT,
  -- system, none, password, session, api_key or local_key.
  credential        TEXT   NOT NULL,
  api_key_id        BIGINT,
  impersonator      TEXT,
  impersonator_id   BIGINT,
  -- From where.
  address           TEXT,
  user_agent        TEXT,
  -- What.
  operation         TEXT   NOT NULL,
  kind              TEXT,
  subject_id        BIGINT,
  subject           TEXT,
  change_set_id     BIGINT,
  configuration     BIGINT,
  -- Old and new values, JSON.
  before            TEXT,
  after             TEXT,
  previous_hash     BLOB   NOT NULL,
  hash              BLOB   NOT NULL,
  PRIMARY KEY (tenant_id, sequence)
);

CREATE INDEX audit_entry_by_time ON audit_entry (tenant_id, created_at, sequence);
CREATE INDEX audit_entry_by_subject ON audit_entry (tenant_id, kind, subject_id, sequence);
CREATE INDEX audit_entry_by_actor ON audit_entry (tenant_id, actor, sequence);
CREATE INDEX audit_entry_by_operation ON audit_entry (tenant_id, operation, sequence);

-- Append only: nothing is changed, and nothing is taken away but what lies behind the anchor, which
-- only moves on. Who may change the schema can take these away. The chain tells of an entry that was changed; of one
-- who writes the whole chain anew only an export that is kept elsewhere tells.
--{{sqlite}}
CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_entry_is_kept BEFORE DELETE ON audit_entry
WHEN OLD.sequence > (SELECT anchor_sequence FROM audit_chain WHERE tenant_id = OLD.tenant_id)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_chain_is_kept BEFORE DELETE ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_chain_only_grows BEFORE UPDATE ON audit_chain
WHEN NEW.tenant_id <> OLD.tenant_id OR NEW.sequence < OLD.sequence
  OR NEW.anchor_sequence < OLD.anchor_sequence OR NEW.anchor_sequence > NEW.sequence
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
--{{end}}
--{{postgres}}
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END $$;

CREATE FUNCTION audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.sequence > (SELECT anchor_sequence FROM audit_chain WHERE tenant_id = OLD.tenant_id) THEN
    RAISE EXCEPTION 'the audit log is append-only';
  END IF;
  RETURN OLD;
END $$;

CREATE FUNCTION audit_chain_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.tenant_id <> OLD.tenant_id OR NEW.sequence < OLD.sequence
    OR NEW.anchor_sequence < OLD.anchor_sequence OR NEW.anchor_sequence > NEW.sequence THEN
    RAISE EXCEPTION 'the audit log is append-only';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER audit_entry_is_kept BEFORE DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_is_kept();

CREATE TRIGGER audit_entry_is_not_emptied BEFORE TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER audit_chain_is_kept BEFORE DELETE OR TRUNCATE ON audit_chain
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER audit_chain_only_grows BEFORE UPDATE ON audit_chain
FOR EACH ROW EXECUTE FUNCTION audit_chain_only_grows();
--{{end}}
