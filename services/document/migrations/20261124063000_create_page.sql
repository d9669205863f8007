-- The pages of a document's text, in order; one row where the format has no pages. The document's text
-- is their contents joined by form feeds. Rows appear when the file was read, so that a job that was
-- killed goes on from there, page by page.
CREATE TABLE page (
    document_id uuid    NOT NULL REFERENCES document ON DELETE CASCADE,
    page_number integer NOT NULL CHECK (page_number >= 1),
    content     text    NOT NULL,
    -- `text`: the file says it. `form`: filled in to its fields, after the last page. `scan`: a picture that waits to be recognised. `ocr`: recognised.
    -- `not_checkable`: a picture, and nothing that recognises words was installed.
    source      text    NOT NULL CHECK (source IN ('text', 'form', 'scan', 'ocr', 'not_checkable')),
    -- The size of a recognised page's picture, in pixels.
    width       integer NOT NULL DEFAULT 0,
    height      integer NOT NULL DEFAULT 0,
    -- Seven numbers for each recognised word: start and end in `content`, left, top, right, bottom, and
    -- how sure the recogniser is, in percent.
    words       integer[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (document_id, page_number)
);

INSERT INTO page (document_id, page_number, content, source)
SELECT document_id, number, part, 'text'
FROM document, string_to_table(content, E'\f') WITH ORDINALITY AS page (part, number)
WHERE content IS NOT NULL;

COMMENT ON COLUMN document.content IS 'Read by nothing since there are pages; a later release drops it.';

-- The passages that still have no vector of the model in use.
CREATE INDEX chunk_document_id_embedding_model_idx ON chunk (document_id, embedding_model);
