-- Not named user, which is a reserved word of SQL.
CREATE TABLE account (
    user_id uuid PRIMARY KEY,
    email text NOT NULL,
    -- Folded by the service, so that the server's locale has no say in who is who.
    email_folded text NOT NULL,
    password_hash text NOT NULL,
    full_name text NOT NULL,
    organization text NOT NULL,
    role text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_superuser boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz
);

CREATE UNIQUE INDEX account_email_folded ON account (email_folded);
