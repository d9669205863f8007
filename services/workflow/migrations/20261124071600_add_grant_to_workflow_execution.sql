-- Leave, given by the auth service, to act for the run's owner while it runs. It opens nothing in other hands than
-- this service's. Empty once the run has ended, and for runs from before it was asked for.
ALTER TABLE workflow_execution ADD COLUMN grant_token text NOT NULL DEFAULT '';
