-- What an account may do beyond using its own data. The `role` of account is a job title and gives
-- no rights, so that nobody gains any by what they say of themselves.
CREATE TABLE account_role (
    user_id uuid NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role ~ '^[a-z][a-z0-9_]{0,63}$'),
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, role)
);
