//! Sources, read whole and cut into parts that a model reads at once. A part is the source's own text
//! from its first to its last character; together they are all of it.

use std::ops::Range;
use std::sync::Arc;

use elenchus_llm::Passage;
use elenchus_rpc::Caller;
use uuid::Uuid;

use crate::answer::Retriever;
use crate::citation::{Material, PAGE_BREAK, Text};
use crate::generation::Failure;

/// The longest part: about 6,000 tokens.
pub(super) const MOST_CHARS: usize = 24_000;

/// A source as it is named in a request.
#[derive(Debug)]
pub(super) enum Given {
    Document(Uuid),
    Text { name: String, content: String },
}

/// A part of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// What the text names it by, from 1 over all sources.
    pub(crate) number: usize,
    pub(crate) document_id: Option<Uuid>,
    pub(crate) filename: String,
    pub(crate) page: Option<usize>,
    /// The characters of the source's text.
    pub(crate) chars: Range<usize>,
    pub(crate) text: String,
}

impl Part {
    /// As a model is told of it.
    pub(super) fn passage(&self) -> Passage {
        Passage {
            source: self.filename.clone(),
            number: Some(self.number),
            text: self.text.clone(),
            page: self.page.and_then(|page| u32::try_from(page).ok()),
            start_char: self.chars.start,
            end_char: self.chars.end,
            ..Passage::default()
        }
    }

    /// The page on which this byte of it stands.
    pub(super) fn page_at(&self, char: usize) -> Option<usize> {
        let breaks = self.text.chars().take(char).filter(|c| *c == PAGE_BREAK).count();
        self.page.map(|page| page + breaks)
    }
}

/// All that is read, and what the text is held against.
pub(super) struct Sources {
    pub(super) parts: Vec<Part>,
    pub(super) material: Arc<Material>,
}

impl Sources {
    pub(super) async fn read(
        retriever: &Retriever,
        caller: &Caller,
        given: Vec<Given>,
    ) -> Result<Self, Failure> {
        let (mut parts, mut texts) = (Vec::new(), Vec::new());
        for given in given {
            let text = match given {
                Given::Text { name, content } => Text::sent(&name, content),
                Given::Document(id) => {
                    let (filename, chunks) = retriever.document(caller, id).await?;
                    Text::joined(id, &filename, &chunks)
                }
            };
            let first = parts.len() + 1;
            parts.extend(cut(&text, first));
            texts.push(text.numbered(first..parts.len() + 1));
        }
        if parts.is_empty() {
            return Err(Failure::UNREAD);
        }
        Ok(Self { parts, material: Arc::new(Material::of_texts(texts)) })
    }
}

fn cut(text: &Text, first: usize) -> Vec<Part> {
    let (mut parts, mut rest) = (Vec::new(), text.content.as_str());
    let (mut char, mut page) = (text.first_char, text.first_page);
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(end_of_part(rest));
        let end = char + head.chars().count();
        if !head.trim().is_empty() {
            parts.push(Part {
                number: first + parts.len(),
                document_id: text.document_id,
                filename: text.filename.clone(),
                page,
                chars: char..end,
                text: head.to_owned(),
            });
        }
        page = page.map(|page| page + head.matches(PAGE_BREAK).count());
        (char, rest) = (end, tail);
    }
    parts
}

/// Where the first part ends: at a page or paragraph, else after a sentence, a line or at least a word.
fn end_of_part(text: &str) -> usize {
    let Some((limit, _)) = text.char_indices().nth(MOST_CHARS) else { return text.len() };
    let head = &text[..limit];
    ["\u{c}", "\n\n", ". ", "\n", " "]
        .iter()
        .filter_map(|mark| head.rfind(mark).map(|at| at + mark.len()))
        .find(|end| *end > limit / 2)
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_text_are_all_of_it() {
        let page = "§ 5 Größe und Maß. The tenant pays.\n\n".repeat(800);
        let text = Text::sent("lease", format!("{page}\u{c}{page}\u{c}{}", "x".repeat(50_000)));
        let parts = cut(&text, 3);
        assert!(parts.len() > 4);
        let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(whole, text.content);
        for (at, part) in parts.iter().enumerate() {
            assert_eq!((part.number, part.chars.len()), (3 + at, part.text.chars().count()));
            assert!(part.chars.len() <= MOST_CHARS);
        }
    }
}
