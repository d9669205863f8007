-- A deleted document whose bytes, and what other services hold of it, are still to be cleared away. The
-- row is written in the transaction that deletes the document's own, is the job, and goes when that is done.
CREATE TABLE deletion (
    document_id  uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL,
    storage_key  text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at       timestamptz DEFAULT now(),
    leased_by    uuid,
    leased_until timestamptz,
    fence        bigint      NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 0
);

CREATE INDEX deletion_due_at_idx ON deletion (due_at) WHERE due_at IS NOT NULL;

-- Tells whether stored bytes belong to a document.
CREATE INDEX document_storage_key_idx ON document (storage_key);
