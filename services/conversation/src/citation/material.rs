//! What an answer may quote: the texts sent with the question, and documents, whole where they can be had.

use std::ops::Range;

use elenchus_citation::{Location, Source};
use elenchus_proto::pb::document::v1::Chunk;
use uuid::Uuid;

use crate::domain::{self, CitationPlace, Passage};

/// Stands between two pages of a document.
pub(crate) const PAGE_BREAK: char = '\u{c}';

/// All that an answer may quote.
#[derive(Debug, Default)]
pub(crate) struct Material {
    pub(super) texts: Vec<Text>,
    /// Whether a part of it is not known, so that nothing can be said to be in none of it.
    pub(super) is_partial: bool,
}

/// A text, or a passage of one whose rest is not known.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) document_id: Option<Uuid>,
    pub(crate) filename: String,
    /// What the answer calls it: models are told of passages by number.
    markers: Vec<String>,
    pub(crate) content: String,
    pub(crate) first_char: usize,
    pub(crate) first_page: Option<usize>,
    /// Whether it was recovered from a damaged file.
    is_recovered: bool,
    chunks: Vec<(Uuid, Range<usize>)>,
}

impl Material {
    /// Whole texts.
    pub(crate) fn of_texts(texts: Vec<Text>) -> Self {
        Self { texts, is_partial: false }
    }

    /// Texts sent with a question, and the passages of documents.
    pub(crate) fn of(sources: &[domain::Source], passages: &[Passage]) -> Self {
        let whole = sources.iter().zip(1..).map(|(source, number)| {
            let filename = domain::Source::name(number);
            let is_of_it =
                |passage: &Passage| passage.document_id.is_none() && passage.filename == filename;
            let markers = markers(passages, is_of_it);
            Text { markers, ..Text::sent(&filename, source.as_str().to_owned()) }
        });
        // A passage of no document is one of the texts, or else all that is known of its own.
        let is_text = |passage: &Passage| passage.document_id.is_none() && !sources.is_empty();
        let parts = passages.iter().zip(1..).filter(|(passage, _)| !is_text(passage));
        let parts: Vec<Text> = parts.map(|(passage, number)| Text::of(passage, number)).collect();
        Self { is_partial: !parts.is_empty(), texts: whole.chain(parts).collect() }
    }

    /// Whether more of it may be had than passages.
    pub(crate) fn has_documents(&self) -> bool {
        self.texts.iter().any(|text| text.document_id.is_some())
    }

    /// The same with whole documents in the place of their passages. Those that could not be had are `None`.
    pub(crate) fn whole(
        sources: &[domain::Source],
        passages: &[Passage],
        documents: Vec<(Uuid, Option<Vec<Chunk>>)>,
    ) -> Self {
        let mut whole = Self::of(sources, passages);
        let is_unknown = |passage: &Passage| passage.document_id.is_none() && sources.is_empty();
        whole.is_partial =
            passages.iter().any(is_unknown) || documents.iter().any(|(_, chunks)| chunks.is_none());
        for (id, chunks) in documents {
            let Some(chunks) = chunks.filter(|chunks| !chunks.is_empty()) else { continue };
            let is_of_it = |passage: &Passage| passage.document_id == Some(id);
            let Some(passage) = passages.iter().find(|passage| is_of_it(passage)) else { continue };
            whole.texts.retain(|text| text.document_id != Some(id));
            whole.texts.push(Text {
                markers: markers(passages, is_of_it),
                ..Text::joined(id, &passage.filename, &chunks)
            });
        }
        whole
    }

    /// The place that a location in one of the texts is.
    pub(super) fn place(&self, location: &Location) -> Option<CitationPlace> {
        let text = self.texts.get(location.document_id.parse::<usize>().ok()?)?;
        let (start, end) = (location.start_char, location.end_char);
        let chunk = text.chunks.iter().find(|(_, at)| at.start <= start && end <= at.end);
        Some(CitationPlace {
            document_id: text.document_id,
            chunk_id: chunk.map(|(id, _)| *id),
            filename: text.filename.clone(),
            page: location.page.and_then(|page| i32::try_from(page).ok()),
            start_char: offset(start),
            end_char: offset(end),
        })
    }
}

impl Text {
    fn of(passage: &Passage, number: usize) -> Self {
        let first_char = count(passage.start_char);
        let end = first_char + passage.content.chars().count();
        Self {
            document_id: passage.document_id,
            filename: passage.filename.clone(),
            markers: vec![marker(number)],
            content: passage.content.clone(),
            first_char,
            first_page: passage.page.map(count),
            is_recovered: passage.is_recovered,
            chunks: passage.chunk_id.map(|id| (id, first_char..end)).into_iter().collect(),
        }
    }

    /// A text sent with the request.
    pub(crate) fn sent(filename: &str, content: String) -> Self {
        Self {
            document_id: None,
            filename: filename.to_owned(),
            markers: Vec::new(),
            content,
            first_char: 0,
            first_page: None,
            is_recovered: false,
            chunks: Vec::new(),
        }
    }

    /// The same, called by these numbers.
    pub(crate) fn numbered(self, numbers: Range<usize>) -> Self {
        Self { markers: numbers.map(marker).collect(), ..self }
    }

    /// A document from its chunks, which overlap and leave out the blank space between paragraphs.
    pub(crate) fn joined(id: Uuid, filename: &str, chunks: &[Chunk]) -> Self {
        let first = chunks.first();
        let first_char = first.map_or(0, |chunk| count(chunk.start_char));
        let (mut content, mut end) = (String::new(), first_char);
        let mut page = first.and_then(|chunk| chunk.page);
        for chunk in chunks {
            let start = count(chunk.start_char);
            let blank = start.saturating_sub(end);
            let breaks = chunk.page.zip(page).map_or(0, |(now, before)| count(now - before));
            let breaks = breaks.min(blank);
            content.extend(std::iter::repeat_n(PAGE_BREAK, breaks));
            content.extend(std::iter::repeat_n('\n', blank - breaks));
            content.extend(chunk.content.chars().skip(end.saturating_sub(start)));
            end = end.max(start + chunk.content.chars().count());
            page = chunk.page;
        }
        let placed = chunks.iter().filter_map(|chunk| {
            Some((chunk.id.parse().ok()?, count(chunk.start_char)..count(chunk.end_char)))
        });
        Self {
            document_id: Some(id),
            filename: filename.to_owned(),
            markers: Vec::new(),
            content,
            first_char,
            first_page: first.and_then(|chunk| chunk.page).map(count),
            is_recovered: chunks.iter().any(|chunk| chunk.is_recovered),
            chunks: placed.collect(),
        }
    }

    /// As the check takes it. Its name is its place among the texts.
    pub(super) fn source(&self, at: usize) -> Source<'_> {
        let source = Source::new(at.to_string(), self.content.as_str())
            .beginning_at(self.first_char, self.first_page);
        let source = if self.is_recovered { source.recovered() } else { source };
        self.markers.iter().fold(source, |source, marker| source.with_marker(marker.as_str()))
    }
}

fn markers(passages: &[Passage], is_of_it: impl Fn(&Passage) -> bool) -> Vec<String> {
    let numbered = passages.iter().zip(1..).filter(|(passage, _)| is_of_it(passage));
    numbered.map(|(_, number)| marker(number)).collect()
}

fn marker(number: usize) -> String {
    format!("[{number}]")
}

fn count(offset: i32) -> usize {
    usize::try_from(offset).unwrap_or_default()
}

fn offset(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str, bytes: Range<usize>, page: i32) -> Chunk {
        Chunk {
            id: Uuid::now_v7().to_string(),
            content: text[bytes.clone()].to_owned(),
            page: Some(page),
            start_char: offset(text[..bytes.start].chars().count()),
            end_char: offset(text[..bytes.end].chars().count()),
            ..Chunk::default()
        }
    }

    #[test]
    fn a_document_is_whole_again_after_it_was_cut() {
        let text = "§ 1 The rent is due.\n\nIt is due on the first day.\u{c}§ 2 Nobody sublets.";
        let at = |words: &str| text.find(words).unwrap();
        let (second, third) = (at("It is due"), at("§ 2"));
        let chunks = [
            chunk(text, 0..at("\n\n"), 1),
            chunk(text, second..third - 1, 1),
            // What a passage repeats of the one before.
            chunk(text, at("on the first")..third - 1, 1),
            chunk(text, third..text.len(), 2),
        ];
        assert_eq!(Text::joined(Uuid::now_v7(), "lease.pdf", &chunks).content, text);
    }
}
