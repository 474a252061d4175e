-- Requests that may come twice and are done once, with the answers that they got.
CREATE TABLE idempotent_request (
  -- Who asked: a key counts for one principal.
  principal    TEXT   NOT NULL,
  key          TEXT   NOT NULL,
  -- Hash of the method, the path and the body.
  digest       TEXT   NOT NULL,
  -- NULL while it is under way.
  status       BIGINT,
  -- Of the answer, as JSON; NULL when it is not kept.
  headers      TEXT,
  body         BLOB,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (principal, key)
);
CREATE INDEX idempotent_request_by_age ON idempotent_request (created_at);
