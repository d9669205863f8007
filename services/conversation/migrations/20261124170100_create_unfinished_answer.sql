-- What whoever finishes an answer needs whose maker has died, and no other table holds. One row per answer that is
-- being made; gone with its end.
CREATE TABLE unfinished_answer (
    message_id   uuid    PRIMARY KEY REFERENCES message ON DELETE CASCADE,
    -- The texts sent with the question. Kept nowhere else, and for no longer.
    sources      text[]  NOT NULL DEFAULT '{}',
    -- The token that the question came with, sealed under a key made from SECRET_KEY: documents are read whole with
    -- the rights that it opens by then. NULL for answers begun by processes from before this table.
    sealed_leave bytea,
    -- Of OpenTelemetry. NULL where nothing is scored.
    scored_trace text    CHECK (scored_trace ~ '^[0-9a-f]{32}$'),
    -- How often somebody set out to finish it: what ends every process that tries must not be tried for ever.
    attempt      integer NOT NULL DEFAULT 0
);
