-- Answers whose check is still to be told to Langfuse as scores. Empty where that is not set. A row goes with its
-- answer, and once it was told.
CREATE TABLE citation_score (
    message_id   uuid        PRIMARY KEY REFERENCES message ON DELETE CASCADE,
    -- Of OpenTelemetry, which Langfuse knows the answer's trace by.
    trace_id     text        NOT NULL CHECK (trace_id ~ '^[0-9a-f]{32}$'),
    report       jsonb       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- What a queue of leased jobs needs.
    due_at       timestamptz DEFAULT clock_timestamp(),
    leased_by    uuid,
    leased_until timestamptz,
    fence        bigint      NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 0
);

-- Serves the claim of the rows that have been due longest.
CREATE INDEX citation_score_due_at_idx ON citation_score (due_at) WHERE due_at IS NOT NULL;
