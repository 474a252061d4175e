-- A list that is searched and sorted by name comes sorted from one index, as one that is filtered does.
ALTER TABLE resource_term ADD COLUMN name TEXT NOT NULL DEFAULT '';

UPDATE resource_term SET
  name = (SELECT r.name FROM resource r WHERE r.id = resource_term.resource_id);

CREATE INDEX resource_term_by_name ON resource_term (owner, kind, term, name, resource_id);
