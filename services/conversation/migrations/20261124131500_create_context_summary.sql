-- What a conversation came to up to a message, once that is too long for a model to be told of word for word. It
-- hangs on the last message that it covers, so that every branch through that message finds it and no other does.
CREATE TABLE context_summary (
    message_id      uuid        PRIMARY KEY REFERENCES message ON DELETE CASCADE,
    conversation_id uuid        NOT NULL REFERENCES conversation ON DELETE CASCADE,
    content         text        NOT NULL CHECK (content <> ''),
    -- Who wrote it.
    model_used      text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Serves GetConversation, which shows the last one, and the deletion of a conversation.
CREATE INDEX context_summary_conversation_id_created_at_idx
    ON context_summary (conversation_id, created_at DESC);
