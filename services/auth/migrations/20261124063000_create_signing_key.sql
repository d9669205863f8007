-- The keys that sign access tokens where ALGORITHM has public keys. Several are alive at once: the next
-- one is published before it signs, and an old one until its last token has expired.
CREATE TABLE signing_key (
    signing_key_id uuid PRIMARY KEY,
    -- The thumbprint of the public half, as RFC 7638 makes it.
    kid text NOT NULL UNIQUE,
    algorithm text NOT NULL,
    public_jwk jsonb NOT NULL,
    -- A PKCS #8 document under AES-256-GCM, with a key made from SECRET_KEY: a copy of the database signs
    -- nothing.
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    signs_from timestamptz NOT NULL,
    -- When the last token that it signed has expired. NULL while it has no successor.
    expires_at timestamptz
);
