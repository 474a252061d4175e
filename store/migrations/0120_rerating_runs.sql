-- Which of its runs makes a preview, from 1: one that was held up writes nothing once another has begun.
ALTER TABLE rerating ADD COLUMN run BIGINT NOT NULL DEFAULT 0;
-- When the correction was posted; NULL for those of before: they count at the time of applying.
ALTER TABLE rerating_line ADD COLUMN posted_at BIGINT;
