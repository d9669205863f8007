-- A table that keeps to the conventions of a queue.
CREATE TABLE job (
    job_id       uuid        PRIMARY KEY,
    runs         integer     NOT NULL DEFAULT 0,
    status       text        NOT NULL DEFAULT 'pending',
    due_at       timestamptz,
    leased_by    uuid,
    leased_until timestamptz,
    fence        bigint      NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 0
);

CREATE INDEX job_due_at_idx ON job (due_at) WHERE due_at IS NOT NULL;
