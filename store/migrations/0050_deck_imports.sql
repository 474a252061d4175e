-- A carrier's deck on its way into a rate card.
CREATE TABLE deck_import (
  id           {{identity}},
  owner        BIGINT NOT NULL REFERENCES tenant (id),
  card_id      BIGINT NOT NULL REFERENCES resource (id),
  -- awaiting_file, reading, ready, failed or applied.
  state        TEXT   NOT NULL,
  -- One more with each change of it.
  revision     BIGINT NOT NULL,
  author       TEXT   NOT NULL,
  file_name    TEXT,
  -- JSON: how the columns are read, and what was agreed with the carrier.
  settings     TEXT   NOT NULL,
  -- As it came, until it is read.
  file         BLOB,
  -- What reads it.
  job_id       BIGINT,
  -- The version and the rates of the card that it was compared with.
  card_version BIGINT,
  card_deck    TEXT,
  -- JSON: what was found, and what of it was applied.
  outcome      TEXT,
  -- All rates with their dates, until the last of them is applied.
  rates        TEXT,
  failure      TEXT,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
);
CREATE INDEX deck_import_by_owner ON deck_import (owner, id);

-- What it lists, a stretch of each list in a row.
CREATE TABLE deck_import_page (
  import_id BIGINT NOT NULL REFERENCES deck_import (id) ON DELETE CASCADE,
  list      TEXT   NOT NULL,
  number    BIGINT NOT NULL,
  -- A JSON array.
  items     TEXT   NOT NULL,
  PRIMARY KEY (import_id, list, number)
);

-- How the decks of a carrier, or of a card, were read when one was last applied.
CREATE TABLE deck_settings (
  owner       BIGINT NOT NULL REFERENCES tenant (id),
  resource_id BIGINT NOT NULL REFERENCES resource (id),
  settings    TEXT   NOT NULL,
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (owner, resource_id)
);
