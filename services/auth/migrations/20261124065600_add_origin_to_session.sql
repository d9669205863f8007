-- Where a session was last refreshed from, for its owner to recognise it by.
ALTER TABLE session
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN user_agent text NOT NULL DEFAULT '';
