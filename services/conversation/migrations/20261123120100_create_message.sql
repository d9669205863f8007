-- One row per question and per answer. An answer's row is there before its first word is shown.
CREATE TABLE message (
    message_id        uuid        PRIMARY KEY,
    conversation_id   uuid        NOT NULL REFERENCES conversation ON DELETE CASCADE,
    -- The order of a conversation. Clocks tie and go back; this does not.
    sequence          integer     NOT NULL CHECK (sequence > 0),
    content           text        NOT NULL,
    is_user           boolean     NOT NULL,
    message_type      text        NOT NULL DEFAULT 'text'
        CHECK (message_type IN ('text', 'image', 'document', 'workflow_result')),
    status            text        NOT NULL
        CHECK (status IN ('complete', 'generating', 'stopped', 'incomplete', 'failed')),
    model_used        text        NOT NULL DEFAULT '',
    prompt_tokens     integer     NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0),
    completion_tokens integer     NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0),
    is_estimated      boolean     NOT NULL DEFAULT false,
    cost_microusd     integer     NOT NULL DEFAULT 0 CHECK (cost_microusd >= 0),
    trace_id          text        NOT NULL DEFAULT '',
    citations         jsonb       NOT NULL DEFAULT '[]',
    metadata          jsonb       NOT NULL DEFAULT '{}',
    -- Until when whoever makes the answer is believed to live. Pushed on while it does.
    generating_until  timestamptz,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((status = 'generating') = (generating_until IS NOT NULL)),
    CHECK (NOT is_user OR status = 'complete')
);

-- Keeps the order strict, and serves ListMessages and the history of a question.
CREATE UNIQUE INDEX message_conversation_id_sequence_idx ON message (conversation_id, sequence);

-- Finds the answers whose maker has died. Holds only those being made now.
CREATE INDEX message_generating_until_idx ON message (generating_until) WHERE status = 'generating';
