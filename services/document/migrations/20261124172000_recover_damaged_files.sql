-- A damaged PDF of which something can still be read is read, and says so.
ALTER TABLE document
    -- What its owner must know of it. Empty: the file was found whole.
    ADD COLUMN warning text NOT NULL DEFAULT '';

-- Older processes write no page of the new kind, and read its text as any other.
ALTER TABLE page
    DROP CONSTRAINT page_source_check,
    ADD CONSTRAINT page_source_check
        CHECK (source IN ('text', 'recovered', 'form', 'scan', 'ocr', 'not_checkable')) NOT VALID;
ALTER TABLE page VALIDATE CONSTRAINT page_source_check;
