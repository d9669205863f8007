-- Who at an issuer opens which account. The subject is the issuer's own name for somebody and stays
-- the same whatever happens to the address.
CREATE TABLE identity (
    issuer     text        NOT NULL,
    subject    text        NOT NULL,
    user_id    uuid        NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX identity_user_id ON identity (user_id);
