-- What a reader knows of a text beside its words. Older rows have none of it, and older processes write none.
ALTER TABLE page
    -- [{kind, level, start, end}]: headings, tables and notes by their places in `content`.
    ADD COLUMN blocks jsonb NOT NULL DEFAULT '[]';

ALTER TABLE chunk
    -- The headings that it stands under, the outermost first; `heading` is the innermost.
    ADD COLUMN section text[] NOT NULL DEFAULT '{}',
    -- The line of its page that it starts on. 0: not counted.
    ADD COLUMN line integer NOT NULL DEFAULT 0;
