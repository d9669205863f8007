-- Documents that a language model is still to be asked about. The row is written when a document was read, is the
-- job, and goes when the model has answered or was given up: the rules' word stands either way. Older processes
-- write none.
CREATE TABLE description_job (
    document_id  uuid        PRIMARY KEY REFERENCES document ON DELETE CASCADE,
    due_at       timestamptz DEFAULT now(),
    leased_by    uuid,
    leased_until timestamptz,
    fence        bigint      NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 0
);

CREATE INDEX description_job_due_at_idx ON description_job (due_at) WHERE due_at IS NOT NULL;
