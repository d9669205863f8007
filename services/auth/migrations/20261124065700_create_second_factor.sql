-- The secret that an account shares with its owner's authenticator.
CREATE TABLE second_factor (
    user_id       uuid        PRIMARY KEY REFERENCES account (user_id) ON DELETE CASCADE,
    -- Sealed: whoever reads the table could make the codes otherwise.
    sealed_secret bytea       NOT NULL,
    -- Until a code of it was shown, it is not demanded.
    confirmed_at  timestamptz,
    -- The time step of the last code that was accepted: none before it works again.
    last_step     bigint      NOT NULL DEFAULT 0,
    -- Wrong codes in a row, and until when no code is looked at because of them.
    failures      integer     NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- What is left when the authenticator is lost. A code is deleted when it is used.
CREATE TABLE recovery_code (
    user_id   uuid  NOT NULL REFERENCES second_factor (user_id) ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
);
