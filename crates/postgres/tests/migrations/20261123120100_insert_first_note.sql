-- Not repeatable, so that a second run would show.
INSERT INTO note (note_id, text)
VALUES ('01930000-0000-7000-8000-000000000000', 'the first');
