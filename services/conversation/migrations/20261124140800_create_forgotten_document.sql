-- Documents that are no more. Who attaches a document asks the document service first, and may be overtaken by its
-- deletion; this says so in the same database as the attachment. A document's id never comes again.
CREATE TABLE forgotten_document (
    document_id  uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT now()
);

-- Serves the erasure of a user's data.
CREATE INDEX forgotten_document_user_id_idx ON forgotten_document (user_id);
