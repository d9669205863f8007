-- The log of what happened, the truth of every sum. Rows are added and never changed.
CREATE TABLE event (
    -- Made by the service that told of it, so an event that is sent again is known by it.
    event_id          uuid        PRIMARY KEY,
    -- Owned by the auth service, so there is no foreign key to follow.
    user_id           uuid        NOT NULL,
    occurred_at       timestamptz NOT NULL,
    -- The UTC day to whose sums it counts.
    date              date        NOT NULL
        GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED,
    kind              text        NOT NULL CHECK (kind IN (
        'question_asked', 'answer_ended', 'document_uploaded', 'document_processed',
        'workflow_started', 'workflow_ended', 'signed_in')),
    status            text        NOT NULL CHECK (status IN (
        'running', 'completed', 'incomplete', 'failed', 'cancelled')),
    -- The message, document, run or session that it is about. Runs are named by their users.
    subject_id        text        NOT NULL,
    conversation_id   text,
    -- The document's or the template's.
    name              text,
    model             text,
    prompt_tokens     integer     NOT NULL CHECK (prompt_tokens >= 0),
    completion_tokens integer     NOT NULL CHECK (completion_tokens >= 0),
    -- Money and time in whole millionths, so that sums are exact in any order.
    cost_microusd     bigint      NOT NULL CHECK (cost_microusd >= 0),
    duration_us       bigint      CHECK (duration_us >= 0),
    file_size         bigint      CHECK (file_size >= 0),
    recorded_at       timestamptz NOT NULL DEFAULT now()
);

-- Serves ListActivity, newest first, and everything else that reads one user's log.
CREATE INDEX event_user_id_occurred_at_event_id_idx
    ON event (user_id, occurred_at DESC, event_id DESC);

-- Finds how a run ended.
CREATE INDEX event_user_id_subject_id_occurred_at_idx
    ON event (user_id, subject_id, occurred_at DESC)
    WHERE kind = 'workflow_ended';
