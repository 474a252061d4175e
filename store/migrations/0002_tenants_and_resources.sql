-- The tree of tenants: the platform, its operators, and the customers and carriers of both.
CREATE TABLE tenant (
  id           {{identity}},
  parent_id    BIGINT REFERENCES tenant (id),
  kind         TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  -- The customer or carrier that the tenant stands for.
  resource_id  BIGINT UNIQUE,
  created_at   BIGINT NOT NULL,
  suspended_at BIGINT,
  UNIQUE (parent_id, kind, name)
);

INSERT INTO tenant (id, kind, name, created_at) VALUES (1, 'platform', 'Platform', 0);
--{{postgres}}
SELECT setval(pg_get_serial_sequence('tenant', 'id'), 1);
--{{end}}

ALTER TABLE configuration ADD COLUMN note TEXT;
ALTER TABLE configuration ADD COLUMN change_set_id BIGINT;

-- What is configured, for each tenant. What is deleted stays as a row without a name of its own.
CREATE TABLE resource_of_owner (
  id               {{identity}},
  owner            BIGINT NOT NULL REFERENCES tenant (id),
  kind             TEXT   NOT NULL,
  name             TEXT   NOT NULL,
  external_id      TEXT,
  version          BIGINT NOT NULL,
  spec             TEXT   NOT NULL,
  assignment       TEXT   NOT NULL,
  deck_hash        TEXT,
  note             TEXT,
  created_at       BIGINT NOT NULL,
  created_by       TEXT   NOT NULL,
  updated_at       BIGINT NOT NULL,
  updated_by       TEXT   NOT NULL,
  deleted_at       BIGINT,
  -- By which rules its rows in the tables below were made; 0: by none.
  index_generation BIGINT NOT NULL
);

INSERT INTO resource_of_owner
  (id, owner, kind, name, version, spec, assignment, deck_hash, created_at, created_by,
   updated_at, updated_by, index_generation)
SELECT r.id, 1, r.kind, r.name, r.version, r.spec, '{}', r.deck_hash, r.created_at,
  COALESCE((SELECT c.author FROM resource_version v JOIN configuration c ON c.number = v.configuration
            WHERE v.resource_id = r.id AND v.version = 1), 'system'),
  r.updated_at,
  COALESCE((SELECT c.author FROM resource_version v JOIN configuration c ON c.number = v.configuration
            WHERE v.resource_id = r.id AND v.version = r.version), 'system'),
  0
FROM resource r;

-- Every version that ever was; the last one of what is deleted says so.
CREATE TABLE resource_version_of_owner (
  resource_id   BIGINT  NOT NULL REFERENCES resource_of_owner (id),
  version       BIGINT  NOT NULL,
  configuration BIGINT  NOT NULL REFERENCES configuration (number),
  name          TEXT    NOT NULL,
  external_id   TEXT,
  spec          TEXT    NOT NULL,
  assignment    TEXT    NOT NULL,
  deck_hash     TEXT,
  deleted       BOOLEAN NOT NULL,
  note          TEXT,
  author        TEXT    NOT NULL,
  created_at    BIGINT  NOT NULL,
  change_set_id BIGINT,
  PRIMARY KEY (resource_id, version)
);

INSERT INTO resource_version_of_owner
  (resource_id, version, configuration, name, spec, assignment, deck_hash, deleted, author, created_at)
SELECT v.resource_id, v.version, v.configuration, r.name, v.spec, '{}', v.deck_hash, FALSE, c.author,
  c.created_at
FROM resource_version v
JOIN resource r ON r.id = v.resource_id
JOIN configuration c ON c.number = v.configuration;

DROP TABLE resource_version;
DROP TABLE resource;
ALTER TABLE resource_of_owner RENAME TO resource;
ALTER TABLE resource_version_of_owner RENAME TO resource_version;
--{{postgres}}
SELECT setval(pg_get_serial_sequence('resource', 'id'), COALESCE((SELECT MAX(id) FROM resource), 0) + 1, FALSE);
--{{end}}

CREATE UNIQUE INDEX resource_by_name ON resource (owner, kind, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX resource_by_external_id ON resource (owner, kind, external_id)
  WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX resource_by_creation ON resource (owner, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX resource_by_update ON resource (owner, kind, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX resource_by_index_generation ON resource (index_generation, id) WHERE deleted_at IS NULL;
CREATE INDEX resource_version_by_configuration ON resource_version (configuration);

-- Values that lists filter by. The name is here so that a filtered list comes sorted from one index.
CREATE TABLE resource_field (
  owner       BIGINT NOT NULL,
  kind        TEXT   NOT NULL,
  field       TEXT   NOT NULL,
  value       TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  resource_id BIGINT NOT NULL REFERENCES resource (id),
  -- The value in a form that sorts: numbers by size.
  sort_value  TEXT   NOT NULL,
  PRIMARY KEY (owner, kind, field, value, name, resource_id)
);
CREATE INDEX resource_field_by_resource ON resource_field (resource_id, field, value, sort_value);

-- Words that lists are searched for, by their beginning.
CREATE TABLE resource_term (
  owner       BIGINT NOT NULL,
  kind        TEXT   NOT NULL,
  term        TEXT   NOT NULL,
  resource_id BIGINT NOT NULL REFERENCES resource (id),
  PRIMARY KEY (owner, kind, term, resource_id)
);
CREATE INDEX resource_term_by_resource ON resource_term (resource_id, term);

-- Which resource names which.
CREATE TABLE resource_reference (
  resource_id BIGINT NOT NULL REFERENCES resource (id),
  field       TEXT   NOT NULL,
  owner       BIGINT NOT NULL,
  to_kind     TEXT   NOT NULL,
  to_name     TEXT   NOT NULL,
  PRIMARY KEY (resource_id, field, to_kind, to_name)
);
CREATE INDEX resource_reference_by_target ON resource_reference (owner, to_kind, to_name, resource_id);

-- Who gets what: level is all, category, group or customer; target the name, empty for all.
CREATE TABLE resource_assignment (
  resource_id BIGINT NOT NULL REFERENCES resource (id),
  level       TEXT   NOT NULL,
  target      TEXT   NOT NULL,
  owner       BIGINT NOT NULL,
  kind        TEXT   NOT NULL,
  PRIMARY KEY (resource_id, level, target)
);
CREATE INDEX resource_assignment_by_target ON resource_assignment (owner, level, target, kind, resource_id);
