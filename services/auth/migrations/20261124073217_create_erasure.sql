-- When its owner, or a superuser, had an account deleted. It opens nothing more; the row, and with it
-- the address, goes once every service has erased what it held.
ALTER TABLE account ADD COLUMN closed_at timestamptz;

-- Accounts on their way out. The row is also the job, and stays as the receipt.
CREATE TABLE erasure (
    erasure_id uuid PRIMARY KEY,
    -- Gone once nothing is left of the user. No foreign key: the job outlives the account.
    user_id uuid UNIQUE,
    requested_at timestamptz NOT NULL DEFAULT now(),
    -- When every service had erased what it held. Calls that were let in before the account was closed
    -- may still have written, so everything is swept once more after they must have ended.
    swept_at timestamptz,
    finished_at timestamptz,
    due_at timestamptz DEFAULT now(),
    leased_by uuid,
    leased_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    CHECK ((finished_at IS NULL) = (user_id IS NOT NULL))
);

CREATE INDEX erasure_due_at ON erasure (due_at) WHERE due_at IS NOT NULL;
