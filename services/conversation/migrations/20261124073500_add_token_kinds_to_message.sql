-- What of the tokens the provider knew already, and what of them nobody saw. A constant default rewrites nothing.
ALTER TABLE message
    ADD COLUMN cached_tokens    integer NOT NULL DEFAULT 0 CHECK (cached_tokens >= 0),
    ADD COLUMN reasoning_tokens integer NOT NULL DEFAULT 0 CHECK (reasoning_tokens >= 0);
