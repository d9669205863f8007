-- Calls that carried an Idempotency-Key in the last day. Apart from the rows that the calls wrote, so that every method
-- can have it: a call whose process died in between is found here as begun, and is not made again.
CREATE TABLE idempotency_key (
    -- Keys of different users and methods are different keys.
    user_id     uuid        NOT NULL,
    method      text        NOT NULL,
    key         text        NOT NULL,
    -- HMAC-SHA256 of the request, under a key made from SECRET_KEY: tells requests apart, and nothing of them.
    fingerprint bytea       NOT NULL,
    -- Until when the call may be under way. Whether one that has no answer then had its effect is not known.
    busy_until  timestamptz NOT NULL,
    -- Whether the call was answered.
    is_done     boolean     NOT NULL DEFAULT false,
    -- What it answered, encoded. NULL until then, and where the answer shows a secret.
    answer      bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, method, key)
);

-- Serves the deletion of those that are older than a day.
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);
