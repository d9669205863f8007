-- What users make for their programs. The token itself is nowhere: its hash finds it.
CREATE TABLE api_token (
    token_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    name text NOT NULL,
    -- Its first letters, by which its owner knows it again.
    prefix text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- Written once a minute at most.
    last_used_at timestamptz
);

CREATE INDEX api_token_user_id ON api_token (user_id);

-- Leave to act for a user who is not waiting. GRANT is a reserved word of SQL.
CREATE TABLE user_grant (
    grant_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- The service that it was given to.
    actor text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX user_grant_user_id ON user_grant (user_id);
CREATE INDEX user_grant_expires_at ON user_grant (expires_at);

-- Whoever deactivates an account takes back what it gave, also if it is activated again. A trigger, so that
-- no way of deactivating one can forget it.
CREATE FUNCTION delete_user_grants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM user_grant WHERE user_id = NEW.user_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER account_delete_user_grants
    AFTER UPDATE OF is_active ON account
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION delete_user_grants();
