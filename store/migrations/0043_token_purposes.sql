-- Strangers begin ceremonies: how many are under way, and how many of one network, is counted at each beginning.
ALTER TABLE one_time_token ADD COLUMN network TEXT;

CREATE INDEX one_time_token_by_purpose ON one_time_token (purpose, network, expires_at);
