-- Serves SearchMessages. Only so much of a message is indexed as a tsvector holds for certain: a longer one would
-- make its own INSERT fail.
CREATE INDEX message_content_idx ON message USING gin (to_tsvector('english', left(content, 100000)));
