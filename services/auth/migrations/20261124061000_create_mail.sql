-- Mails on their way, each written in the transaction of what it tells of, and drained as a queue.
CREATE TABLE mail (
    -- Also the Message-ID, so that a mail that was sent twice is shown once.
    mail_id      uuid        PRIMARY KEY,
    -- Absent where anybody asked for the mail; then nobody may have the address.
    user_id      uuid        REFERENCES account (user_id) ON DELETE CASCADE,
    kind         text        NOT NULL,
    -- The address and the text's values, which hold tokens. Gone once the mail is settled.
    sealed       bytea,
    expires_at   timestamptz NOT NULL,
    outcome      text        CHECK (outcome IN ('sent', 'dropped', 'dead')),
    -- The last failure, in our words: a server's answer may hold the address.
    failure      text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    settled_at   timestamptz,
    due_at       timestamptz DEFAULT now(),
    leased_by    uuid,
    leased_until timestamptz,
    fence        bigint      NOT NULL DEFAULT 0,
    attempt      integer     NOT NULL DEFAULT 0,
    CHECK ((outcome IS NULL) = (sealed IS NOT NULL)),
    CHECK ((outcome IS NULL) = (settled_at IS NULL))
);

CREATE INDEX mail_due_at ON mail (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mail_user_id ON mail (user_id);
CREATE INDEX mail_settled_at ON mail (settled_at) WHERE settled_at IS NOT NULL;

-- What a mailed link or an unfinished sign-in proves, once. Only the hash is kept.
CREATE TABLE one_time_token (
    token_hash   bytea       PRIMARY KEY CHECK (length(token_hash) = 32),
    purpose      text        NOT NULL,
    user_id      uuid        NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
    -- The address that it was sent to: it opens nothing for an account whose address was changed.
    email_folded text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    -- Kept when spent, so that a mail which is sent again does not bring its token back to life.
    spent_at     timestamptz
);

CREATE INDEX one_time_token_user_id ON one_time_token (user_id);
CREATE INDEX one_time_token_expires_at ON one_time_token (expires_at);

-- When the owner proved that the address is theirs.
ALTER TABLE account ADD COLUMN email_verified_at timestamptz;

-- Sessions end for more reasons as the service grows; the service alone writes them.
ALTER TABLE session DROP CONSTRAINT IF EXISTS session_ended_reason_check;
