-- What happened to accounts and sessions: who did what, from where, and how it ended. Rows are only
-- added. All but `address` and `user_agent` stays as it was written, so that a hash over a row's
-- canonical form, and a sequence per tenant, can be added beside it later.
CREATE TABLE audit_event (
    -- UUIDv7.
    audit_event_id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Such as `session.open`. New ones may come; none may change its meaning.
    act text NOT NULL CHECK (act ~ '^[a-z_]+\.[a-z_]+$'),
    outcome text NOT NULL CHECK (outcome IN ('succeeded', 'refused')),
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'operator', 'nobody')),
    actor_id uuid,
    -- Whose account it is about. No foreign key: the record outlives the account.
    user_id uuid,
    -- The session, token or other thing that it is about.
    subject_id uuid,
    -- From where. Forgotten with the account.
    address text NOT NULL,
    user_agent text NOT NULL CHECK (char_length(user_agent) <= 256),
    request_id text NOT NULL,
    -- Words and ids. Never an address, a password or a token.
    details jsonb NOT NULL,
    CHECK ((actor_kind = 'user') = (actor_id IS NOT NULL))
);

-- Serves the whole record, newest first, and one user's.
CREATE INDEX audit_event_occurred_at_audit_event_id ON audit_event (occurred_at, audit_event_id);
CREATE INDEX audit_event_user_id_occurred_at_audit_event_id
    ON audit_event (user_id, occurred_at, audit_event_id);

-- A guard against our own mistakes: the service owns the table, so it is none against a thief of its role.
CREATE FUNCTION keep_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.address = '' AND NEW.user_agent = ''
        AND to_jsonb(NEW) - '{address,user_agent}'::text[] = to_jsonb(OLD) - '{address,user_agent}'::text[]
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit record is only added to';
END
$$;

CREATE TRIGGER audit_event_is_kept BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION keep_audit_event();
CREATE TRIGGER audit_event_is_not_emptied BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_event();
