-- The passages of a document. `content` is exactly the document's text from start to end.
CREATE TABLE chunk (
    chunk_id        uuid    PRIMARY KEY,
    document_id     uuid    NOT NULL REFERENCES document ON DELETE CASCADE,
    chunk_index     integer NOT NULL,
    content         text    NOT NULL,
    page            integer,
    start_char      integer NOT NULL,
    end_char        integer NOT NULL,
    heading         text    NOT NULL DEFAULT '',
    word_count      integer NOT NULL,
    -- The words as full text counts them, those of the heading included.
    words           tsvector NOT NULL
        GENERATED ALWAYS AS (to_tsvector('english', heading || ' ' || content)) STORED,
    -- Its meaning, and which model gave it. Absent where no model is installed.
    embedding       real[],
    embedding_model text,
    CHECK (end_char > start_char)
);

CREATE UNIQUE INDEX chunk_document_id_chunk_index_idx ON chunk (document_id, chunk_index);

CREATE INDEX chunk_words_idx ON chunk USING gin (words);
