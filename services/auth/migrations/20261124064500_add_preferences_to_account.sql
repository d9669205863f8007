-- What the user's programs keep with the account: an object that the service does not read.
ALTER TABLE account ADD COLUMN preferences jsonb NOT NULL DEFAULT '{}';

-- Finds the superusers, of whom one must be left, among many accounts.
CREATE INDEX account_is_superuser ON account (user_id) WHERE is_superuser;

-- Sessions end for more reasons as the service grows; the service alone writes them.
ALTER TABLE session DROP CONSTRAINT IF EXISTS session_ended_reason_check;
