-- What happened while an answer was made, as it was shown: one row per event, kept for a day. Whoever comes
-- back reads on here, on any process. Ids are UUIDv7, so the key is also the order in which events may go.
CREATE TABLE chat_event (
    message_id uuid    NOT NULL REFERENCES message ON DELETE CASCADE,
    seq        integer NOT NULL CHECK (seq > 0),
    -- The protobuf message `ChatEvent`, the same bytes as were sent.
    payload    bytea   NOT NULL,
    PRIMARY KEY (message_id, seq)
);

-- Read by whichever process makes the answer. Nothing is rewritten: the column has no default.
ALTER TABLE message ADD COLUMN stop_requested_at timestamptz;
