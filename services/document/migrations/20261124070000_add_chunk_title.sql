-- A passage is found by its document's title too, and by the sections that it cites as wholes: to full
-- text `12(b)(6)` is three numbers and letters, here it is one word.
ALTER TABLE chunk
    -- The document's title.
    ADD COLUMN title text NOT NULL DEFAULT '',
    -- Sections cited, as `12(b)(6)` and `12(b)`.
    ADD COLUMN citations text[] NOT NULL DEFAULT '{}',
    -- The expression of a generated column cannot be changed, so the column is made anew.
    DROP COLUMN words;

ALTER TABLE chunk
    ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (
        to_tsvector('english', title || ' ' || heading || ' ' || content) || array_to_tsvector(citations)
    ) STORED;

CREATE INDEX chunk_words_idx ON chunk USING gin (words);
