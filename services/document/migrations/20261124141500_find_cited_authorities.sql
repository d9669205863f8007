-- An authority that a passage cites is one word of it to full text, as `42 u.s.c. 1983`, beside the sections that
-- are there already. Older processes go on writing sections alone; what they read is found by those.
UPDATE chunk SET citations = citations || cited.authorities
FROM (
    SELECT chunk_id, array_agg(DISTINCT normalized) AS authorities
    FROM chunk JOIN legal_citation USING (document_id)
    WHERE normalized <> ''
      AND legal_citation.start_char >= chunk.start_char AND legal_citation.end_char <= chunk.end_char
    GROUP BY chunk_id
) AS cited
WHERE chunk.chunk_id = cited.chunk_id;
