-- The message that a message follows, so that a question may have several answers and a conversation several
-- branches while its sequence stays strict. NULL means the message before it: so it is of messages from before
-- this column, and of those that old code still writes. A conversation is deleted whole, so nothing refers here.
ALTER TABLE message ADD COLUMN parent_id uuid;
