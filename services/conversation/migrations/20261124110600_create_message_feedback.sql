-- What a user says of an answer. One row per answer: only its owner sees it, and a later word takes the
-- place of the one before.
CREATE TABLE message_feedback (
    message_id uuid        PRIMARY KEY REFERENCES message ON DELETE CASCADE,
    user_id    uuid        NOT NULL,
    rating     text        NOT NULL CHECK (rating IN ('up', 'down')),
    comment    text        NOT NULL DEFAULT '' CHECK (char_length(comment) <= 2000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Serves the export of what is held of a user.
CREATE INDEX message_feedback_user_id_idx ON message_feedback (user_id);
