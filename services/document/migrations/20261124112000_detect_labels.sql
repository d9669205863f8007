-- What a document's text says that it is. The columns `category` and so on hold what holds: what the owner
-- said, or else what was detected.
ALTER TABLE document
    -- The fields that the owner set; detection leaves them alone.
    ADD COLUMN edited text[] NOT NULL DEFAULT '{}',
    -- [{field, value, confidence, start_char, end_char}]
    ADD COLUMN detected jsonb NOT NULL DEFAULT '[]';

UPDATE document SET edited = array_remove(ARRAY[
    CASE WHEN category <> '' THEN 'document_category' END,
    CASE WHEN jurisdiction <> '' THEN 'jurisdiction' END,
    CASE WHEN practice_area <> '' THEN 'practice_area' END,
    CASE WHEN keywords <> '{}' THEN 'keywords' END], NULL);

-- The authorities that a document cites, in the order of its text.
CREATE TABLE legal_citation (
    document_id    uuid    NOT NULL REFERENCES document ON DELETE CASCADE,
    citation_index integer NOT NULL,
    kind           text    NOT NULL,
    -- As it is written.
    content        text    NOT NULL,
    -- As it is looked for: `410 u.s. 113`. Empty for what refers to another, such as `id.`.
    normalized     text    NOT NULL,
    case_name      text    NOT NULL,
    court          text    NOT NULL,
    year           integer,
    start_char     integer NOT NULL,
    end_char       integer NOT NULL,
    PRIMARY KEY (document_id, citation_index)
);

-- Finds the documents that cite an authority.
CREATE INDEX legal_citation_normalized_document_id_idx ON legal_citation (normalized, document_id);
