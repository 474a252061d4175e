-- A filtered list that is sorted by time comes sorted from one index, as one that is sorted by name does.
ALTER TABLE resource_field ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE resource_field ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;

UPDATE resource_field SET
  created_at = (SELECT r.created_at FROM resource r WHERE r.id = resource_field.resource_id),
  updated_at = (SELECT r.updated_at FROM resource r WHERE r.id = resource_field.resource_id);

CREATE INDEX resource_field_by_creation
  ON resource_field (owner, kind, field, value, created_at, resource_id);
CREATE INDEX resource_field_by_update
  ON resource_field (owner, kind, field, value, updated_at, resource_id);
