-- Drafts that are pushed together.
CREATE TABLE change_set (
  id             {{identity}},
  owner          BIGINT NOT NULL REFERENCES tenant (id),
  name           TEXT   NOT NULL,
  note           TEXT,
  -- draft, scheduled, pushing, pushed, failed or rolled_back.
  state          TEXT   NOT NULL,
  author         TEXT   NOT NULL,
  -- One more with each change of it, so that nobody pushes what was not looked at.
  revision       BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  -- When it is to be pushed, by whose wish.
  push_at        BIGINT,
  scheduled_by   TEXT,
  -- The configuration that it became.
  configuration  BIGINT REFERENCES configuration (number),
  pushed_at      BIGINT,
  pushed_by      TEXT,
  -- Why the last push did not succeed.
  failure        TEXT,
  -- The change set that this one undoes, and the one that undid this.
  rolls_back     BIGINT REFERENCES change_set (id),
  rolled_back_by BIGINT REFERENCES change_set (id)
);
CREATE INDEX change_set_by_owner ON change_set (owner, id);
CREATE INDEX change_set_by_state ON change_set (state, id);

-- What a change set wants of one resource.
CREATE TABLE change_set_draft (
  change_set_id BIGINT NOT NULL REFERENCES change_set (id) ON DELETE CASCADE,
  kind          TEXT   NOT NULL,
  -- The name in force; the name it shall get, when it is new.
  name          TEXT   NOT NULL,
  -- NULL when it is new. A deleted one comes back when there is no base version.
  resource_id   BIGINT REFERENCES resource (id),
  -- The version that the draft was made from.
  base_version  BIGINT,
  -- The name that it shall have.
  new_name      TEXT   NOT NULL,
  -- JSON of all that can be written; NULL: it shall go.
  content       TEXT,
  deck_hash     TEXT,
  note          TEXT,
  author        TEXT   NOT NULL,
  updated_at    BIGINT NOT NULL,
  PRIMARY KEY (change_set_id, kind, name)
);
CREATE INDEX change_set_draft_by_deck ON change_set_draft (deck_hash) WHERE deck_hash IS NOT NULL;

-- Whether anything still has a deck.
CREATE INDEX resource_version_by_deck ON resource_version (deck_hash) WHERE deck_hash IS NOT NULL;
