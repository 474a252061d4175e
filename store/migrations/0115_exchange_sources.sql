-- What is known of each source of exchange rates: one JSON text, since it is read and written whole.
CREATE TABLE exchange_source (
  resource_id BIGINT NOT NULL PRIMARY KEY REFERENCES resource (id),
  -- Counts its writings: who has read an older one does not write over a newer one.
  revision    BIGINT NOT NULL,
  state       TEXT   NOT NULL
);
