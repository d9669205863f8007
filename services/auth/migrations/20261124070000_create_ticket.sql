-- Tickets that wait to be traded for an access token of their session. Each is deleted by its only use.
CREATE TABLE ticket (
    -- SHA-256 of the ticket, which itself is known to its holder alone.
    ticket_hash bytea       PRIMARY KEY,
    session_id  uuid        NOT NULL REFERENCES session ON DELETE CASCADE,
    expires_at  timestamptz NOT NULL
);

-- Finds the tickets that nobody used.
CREATE INDEX ticket_expires_at_idx ON ticket (expires_at);
