CREATE TABLE note (
    note_id uuid PRIMARY KEY,
    text text NOT NULL CONSTRAINT note_text_key UNIQUE
);
