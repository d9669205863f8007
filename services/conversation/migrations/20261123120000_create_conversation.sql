-- One row per conversation. A deleted one is gone with all that hangs on it.
CREATE TABLE conversation (
    conversation_id uuid        PRIMARY KEY,
    -- Owned by the auth service, so there is no foreign key to follow.
    user_id         uuid        NOT NULL,
    title           text        NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    -- The client's own name for it; two users may use the same one.
    session_id      text        CHECK (char_length(session_id) BETWEEN 1 AND 200),
    metadata        jsonb       NOT NULL DEFAULT '{}',
    is_archived     boolean     NOT NULL DEFAULT false,
    -- The last place given to a message. Advanced under this row's lock, so no two writers share one.
    last_sequence   integer     NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Makes a repeated `session_id` find the conversation that it named.
CREATE UNIQUE INDEX conversation_user_id_session_id_idx ON conversation (user_id, session_id);

-- Serves ListConversations: one user's conversations, the last changed first.
CREATE INDEX conversation_user_id_updated_at_conversation_id_idx
    ON conversation (user_id, updated_at DESC, conversation_id DESC);

-- The documents that a conversation is answered from. The document service owns what they are.
CREATE TABLE conversation_document (
    conversation_id uuid        NOT NULL REFERENCES conversation ON DELETE CASCADE,
    document_id     uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, document_id)
);
