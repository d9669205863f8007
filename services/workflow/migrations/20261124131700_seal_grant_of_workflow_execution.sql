-- Leave to act for the run's owner, sealed under a key made from SECRET_KEY, so that a copy of the table opens nothing.
-- NULL once the run has ended. grant_token stays for the processes from before, which know no other place, and for
-- their runs: what is found there is sealed, and gone from there, when the run is next taken up.
ALTER TABLE workflow_execution ADD COLUMN sealed_grant bytea;
