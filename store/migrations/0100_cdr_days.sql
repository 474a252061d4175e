--{{postgres}}
-- Records of calls and their attempts in partitions, one for each day (UTC) of the identifier, whose first 48
-- bits are the milliseconds at which the call was received. What there is becomes the partition of before,
-- without being copied, up to two days from now: nodes whose clocks are ahead have written into it. An empty table
-- becomes the partition of what is before today. The default takes what is of a day without a partition.
DO $$
DECLARE
  parent TEXT;
  before TEXT;
  name TEXT;
  definition TEXT;
  definitions TEXT[];
  place TEXT;
  bound TEXT;
BEGIN
  SELECT lpad(to_hex(CAST(extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC')) AS BIGINT) * 1000
    + CASE WHEN EXISTS (SELECT 1 FROM cdr) THEN 172800000 ELSE 0 END), 12, '0') INTO bound;
  FOREACH parent IN ARRAY ARRAY['cdr', 'attempt'] LOOP
    before := parent || '_before';
    place := CASE parent WHEN 'cdr' THEN 'id' ELSE 'call_id' END;
    SELECT array_agg(pg_get_indexdef(i.indexrelid)) INTO definitions
      FROM pg_index i WHERE i.indrelid = CAST(parent AS regclass) AND NOT i.indisprimary;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', parent, before);
    FOR name IN SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = CAST(before AS regclass) LOOP
      EXECUTE format('ALTER INDEX %I RENAME TO %I', name, before || substr(name, length(parent) + 1));
    END LOOP;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (%I)',
      parent, before, place);
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (%s)', parent,
      CASE parent WHEN 'cdr' THEN 'id' ELSE 'call_id, number' END);
    FOREACH definition IN ARRAY definitions LOOP
      EXECUTE definition;
    END LOOP;
    IF parent = 'cdr' THEN
      BEGIN
        EXECUTE 'ALTER TABLE cdr ALTER COLUMN record SET COMPRESSION lz4';
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', parent || '_default', parent);
    -- Of a clock that was days ahead.
    EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE %I >= %L', parent || '_default', before, place, bound);
    EXECUTE format('DELETE FROM %I WHERE %I >= %L', before, place, bound);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', parent, before, bound);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, parent || '_default');
  END LOOP;
END $$;
--{{end}}
