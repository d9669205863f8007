-- One row per file of a user. The row is also the job that reads it.
CREATE TABLE document (
    document_id       uuid        PRIMARY KEY,
    -- Owned by the auth service, so there is no foreign key to follow.
    user_id           uuid        NOT NULL,
    filename          text        NOT NULL CHECK (char_length(filename) BETWEEN 1 AND 255),
    original_filename text        NOT NULL,
    -- By name while it waits, by content once it was read.
    file_type         text        NOT NULL CHECK (file_type IN ('pdf', 'docx', 'doc', 'txt')),
    file_size         bigint      NOT NULL CHECK (file_size >= 0),
    content_hash      text        NOT NULL,
    -- Where its bytes are. Made by us; nothing of the name that it came with.
    storage_key       text        NOT NULL,
    status            text        NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    stage             text        NOT NULL DEFAULT '',
    progress          real        NOT NULL DEFAULT 0,
    error             text        NOT NULL DEFAULT '',
    error_code        text        NOT NULL DEFAULT '',
    reader            text        NOT NULL DEFAULT '',
    page_count        integer     NOT NULL DEFAULT 0,
    char_count        integer     NOT NULL DEFAULT 0,
    chunk_count       integer     NOT NULL DEFAULT 0,
    -- The whole text, which every offset counts in.
    content           text,
    category          text        NOT NULL DEFAULT '',
    jurisdiction      text        NOT NULL DEFAULT '',
    practice_area     text        NOT NULL DEFAULT '',
    keywords          text[]      NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at            timestamptz DEFAULT now(),
    leased_by         uuid,
    leased_until      timestamptz,
    fence             bigint      NOT NULL DEFAULT 0,
    attempt           integer     NOT NULL DEFAULT 0
);

-- Recognises the same bytes of the same user, and never across users.
CREATE UNIQUE INDEX document_user_id_content_hash_idx ON document (user_id, content_hash);

-- Serves ListDocuments: one user's documents, newest first.
CREATE INDEX document_user_id_created_at_document_id_idx
    ON document (user_id, created_at DESC, document_id DESC);

-- Holds only the documents that are still to be read.
CREATE INDEX document_due_at_idx ON document (due_at) WHERE due_at IS NOT NULL;
