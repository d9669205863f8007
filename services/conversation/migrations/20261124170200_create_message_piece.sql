-- The words of messages, piece by piece: a tsvector holds neither a megabyte of them nor places beyond the 16,383rd, and
-- phrases are found by their places. Serves SearchMessages. Written by a trigger, so that the processes from before
-- write it too.
CREATE TABLE message_piece (
    message_id uuid     NOT NULL REFERENCES message ON DELETE CASCADE,
    -- From 0. A piece repeats the last 1,000 characters of the one before: no phrase that can be asked for is cut.
    number     integer  NOT NULL,
    words      tsvector NOT NULL,
    PRIMARY KEY (message_id, number)
);

CREATE INDEX message_piece_words_idx ON message_piece USING gin (words);

-- The text of a piece. Even of words of one letter it holds fewer than have places.
CREATE FUNCTION message_piece_text(content text, number integer) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT substr(content, number * 19000 + 1, 20000)
$$;

-- All pieces of a text. A word that is cut at an edge of one is whole in the next or the one before.
CREATE FUNCTION message_pieces(content text) RETURNS TABLE (number integer, words tsvector)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT piece, to_tsvector('english', CASE WHEN piece = last THEN begun ELSE regexp_replace(begun, '\s\S{1,100}$', '') END)
    FROM (SELECT greatest(char_length(content) - 1001, 0) / 19000 AS last) AS count,
         generate_series(0, last) AS piece,
         message_piece_text(content, piece) AS cut,
         LATERAL (SELECT CASE WHEN piece = 0 THEN cut ELSE regexp_replace(cut, '^\S{1,100}\s', '') END AS begun) AS edged
    WHERE content <> ''
$$;

CREATE FUNCTION index_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM message_piece WHERE message_id = NEW.message_id;
    END IF;
    INSERT INTO message_piece (message_id, number, words)
    SELECT NEW.message_id, number, words FROM message_pieces(NEW.content);
    RETURN NULL;
END
$$;

CREATE TRIGGER message_is_indexed AFTER INSERT ON message
    FOR EACH ROW WHEN (NEW.content <> '') EXECUTE FUNCTION index_message();

CREATE TRIGGER message_is_indexed_again AFTER UPDATE OF content ON message
    FOR EACH ROW WHEN (OLD.content <> NEW.content) EXECUTE FUNCTION index_message();
