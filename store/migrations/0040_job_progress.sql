-- How far a run has come, and who wants it to stop. A run that never tells how far it is cannot be
-- stopped: it looks at the wish when it tells.
ALTER TABLE job ADD COLUMN progress_done BIGINT;
ALTER TABLE job ADD COLUMN progress_total BIGINT;
ALTER TABLE job ADD COLUMN progress_text TEXT;
ALTER TABLE job ADD COLUMN cancelled_by TEXT;
