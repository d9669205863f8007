-- Events that were committed with the change they tell of and are not yet with analytics.
CREATE TABLE outbox (
    -- UUIDv7, so the primary key is also the order in which events are tried.
    event_id   uuid        PRIMARY KEY,
    -- An encoded elenchus.analytics.v1.Event.
    event      bytea       NOT NULL,
    -- Why analytics will never take the event. Kept for a person to look at.
    refusal    text,
    created_at timestamptz NOT NULL DEFAULT now()
);
