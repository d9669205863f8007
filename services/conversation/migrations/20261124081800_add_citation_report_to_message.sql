-- How often the check of an answer's quotes and citations gave each status. NULL on a question, and on an answer
-- from before there was a check. Nothing is rewritten: the column has no default.
ALTER TABLE message ADD COLUMN citation_report jsonb;
