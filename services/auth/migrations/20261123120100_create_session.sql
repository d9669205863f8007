-- Which refresh token a session accepts is state of the session, so one row lock decides every race.
CREATE TABLE session (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
    -- The token to trade next.
    token_hash bytea NOT NULL,
    -- The token that it was traded for; accepted again until its successor is used.
    spent_token_hash bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_reason text CHECK (ended_reason IN ('logout', 'token_reuse')),
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);

CREATE INDEX session_user_id ON session (user_id);
CREATE INDEX session_expires_at ON session (expires_at);

-- Every token that was ever handed out for a session: one that the session no longer accepts was stolen.
CREATE TABLE refresh_token (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES session (session_id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX refresh_token_session_id ON refresh_token (session_id);
