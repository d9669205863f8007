-- The messages from before the trigger. Apart from the table, so that no message waits while this runs.
INSERT INTO message_piece (message_id, number, words)
SELECT message_id, piece.number, piece.words FROM message, message_pieces(content) AS piece
ON CONFLICT DO NOTHING;

-- Processes from before search without it, slowly.
DROP INDEX message_content_idx;
