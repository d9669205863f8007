-- Documents whose passages lack vectors of the model in use: the model was changed, or its provider could not
-- be reached when they were read. Until then they are found by their words. The row is the job, and goes when
-- it is done.
CREATE TABLE embedding_job (
    document_id  uuid        PRIMARY KEY REFERENCES document ON DELETE CASCADE,
    -- Processes with another model leave the row alone: while they are replaced, two models are in use.
    model        text        NOT NULL,
    due_at       timestamptz DEFAULT now(),
    leased_by    uuid,
    leased_until timestamptz,
    fence        bigint      NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 0
);

CREATE INDEX embedding_job_due_at_idx ON embedding_job (due_at) WHERE due_at IS NOT NULL;

-- The model that gave a vector to each passage; empty while one lacks it. Not called as the passage's column:
-- older processes join the two tables.
ALTER TABLE document ADD COLUMN embedded_by text NOT NULL DEFAULT '';

UPDATE document SET embedded_by = model
FROM (SELECT document_id, max(embedding_model) AS model FROM chunk
      GROUP BY document_id
      HAVING count(*) = count(embedding_model) AND count(DISTINCT embedding_model) = 1) AS embedded
WHERE document.document_id = embedded.document_id;
