//! What Word shows and its file does not say in words: the numbers of clauses, headings, tables, notes.

use std::collections::HashMap;

use office_oxide::docx::formatting::ParagraphProperties;
use office_oxide::docx::{
    BlockElement, DocxDocument, NoteBody, Paragraph, ParagraphContent, Run, RunContent, StyleSheet,
    Table,
};

use super::super::block::{BlockKind, END, start};
use super::counting::Counting;
use super::number_format::number;

/// Word has nine levels of headings; a deeper one is text.
const HEADINGS: u8 = 9;

/// The text with its numbers, and with the marks of its parts.
pub(super) fn text(document: &DocxDocument, counting: Counting) -> String {
    let mut document = document.clone();
    let styles = document.styles.take();
    let mut walk = Walk { styles: styles.as_ref(), counting, notes: Notes::default() };
    walk.blocks(&mut document.body.elements, true);
    walk.notes.name(&mut document.footnotes, BlockKind::Footnote);
    walk.notes.name(&mut document.endnotes, BlockKind::Endnote);
    document.styles = styles;
    document.plain_text()
}

struct Walk<'a> {
    styles: Option<&'a StyleSheet>,
    counting: Counting,
    notes: Notes,
}

impl Walk<'_> {
    fn blocks(&mut self, blocks: &mut [BlockElement], is_outside: bool) {
        for block in blocks {
            match block {
                BlockElement::Paragraph(paragraph) => self.paragraph(paragraph, is_outside),
                BlockElement::Table(table) => {
                    let cells = table.rows.iter_mut().flat_map(|row| &mut row.cells);
                    for cell in cells {
                        self.blocks(&mut cell.content, false);
                    }
                    if is_outside {
                        mark_table(table);
                    }
                }
            }
        }
    }

    fn paragraph(&mut self, paragraph: &mut Paragraph, is_outside: bool) {
        self.notes.refer(paragraph);
        // What is deleted leaves an empty paragraph, which has no number any more.
        if !has_text(paragraph) {
            return;
        }
        let properties = match self.styles {
            Some(styles) => styles.effective_paragraph_properties(paragraph.properties.as_ref()),
            None => paragraph.properties.clone().unwrap_or_default(),
        };
        let level = properties.outline_level.filter(|level| is_outside && *level < HEADINGS);
        let mark = level.map(|level| start(BlockKind::Heading, u32::from(level) + 1));
        let shown = mark.unwrap_or_default() + &self.number(&properties, paragraph);
        if !shown.is_empty() {
            prepend(paragraph, shown);
        }
    }

    fn number(&mut self, properties: &ParagraphProperties, paragraph: &Paragraph) -> String {
        let Some(list) = properties.numbering_ref.as_ref().filter(|list| list.num_id > 0) else {
            return String::new();
        };
        let own = paragraph.properties.as_ref();
        // A style says which list; the list may say which of its levels the style is.
        let by_style = own
            .filter(|own| own.numbering_ref.is_none())
            .and_then(|own| self.counting.level_of_style(list.num_id, own.style_id.as_deref()?));
        let level = by_style.unwrap_or(usize::from(list.ilvl));
        self.counting.next(list.num_id, level).unwrap_or_default()
    }
}

fn has_text(paragraph: &Paragraph) -> bool {
    let is_text = |run: &Run| {
        run.content.iter().any(|content| {
            !matches!(content, RunContent::Break(_) | RunContent::Text(_))
                || matches!(content, RunContent::Text(text) if !text.is_empty())
        })
    };
    paragraph.content.iter().any(|content| match content {
        ParagraphContent::Run(run) => is_text(run),
        ParagraphContent::Hyperlink(link) => link.runs.iter().any(is_text),
    })
}

/// Hidden as what follows is, if it is.
fn prepend(paragraph: &mut Paragraph, text: String) {
    let properties = match paragraph.content.first() {
        Some(ParagraphContent::Run(run)) => run.properties.clone(),
        Some(ParagraphContent::Hyperlink(_)) | None => None,
    };
    let run = Run { properties, content: vec![RunContent::Text(text)] };
    paragraph.content.insert(0, ParagraphContent::Run(run));
}

/// Marks the first and the last paragraph of a table.
fn mark_table(table: &mut Table) {
    let mut paragraphs: Vec<&mut Paragraph> = table
        .rows
        .iter_mut()
        .flat_map(|row| &mut row.cells)
        .flat_map(|cell| &mut cell.content)
        .filter_map(|block| match block {
            BlockElement::Paragraph(paragraph) => Some(paragraph),
            BlockElement::Table(_) => None,
        })
        .collect();
    let run = |text: String| {
        ParagraphContent::Run(Run { properties: None, content: vec![RunContent::Text(text)] })
    };
    if let Some(first) = paragraphs.first_mut() {
        first.content.insert(0, run(start(BlockKind::Table, 0)));
    }
    if let Some(last) = paragraphs.last_mut() {
        last.content.push(run(END.to_string()));
    }
}

/// The numbers of notes, in the order of the places that they are about.
#[derive(Default)]
struct Notes {
    footnotes: HashMap<u32, u32>,
    endnotes: HashMap<u32, u32>,
}

impl Notes {
    /// Marks the places in a paragraph that notes are about.
    fn refer(&mut self, paragraph: &mut Paragraph) {
        for content in &mut paragraph.content {
            let ParagraphContent::Run(run) = content else { continue };
            for content in &mut run.content {
                let (kind, numbers, note) = match content {
                    RunContent::FootnoteRef(note, false) => {
                        (BlockKind::FootnoteReference, &mut self.footnotes, *note)
                    }
                    RunContent::EndnoteRef(note, false) => {
                        (BlockKind::EndnoteReference, &mut self.endnotes, *note)
                    }
                    _ => continue,
                };
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
                let number = *numbers.entry(note).or_insert(next);
                *content = RunContent::Text(start(kind, number));
            }
        }
    }

    /// Marks the notes, and shows their numbers.
    fn name(&self, notes: &mut [NoteBody], kind: BlockKind) {
        let (numbers, format) = match kind {
            BlockKind::Endnote => (&self.endnotes, "lowerRoman"),
            _ => (&self.footnotes, "decimal"),
        };
        for note in notes {
            let found = numbers.get(&note.id).copied();
            let label = found.map(|value| format!("{} ", number(format, value)));
            let mark = start(kind, found.unwrap_or(0)) + &label.unwrap_or_default();
            if let Some(BlockElement::Paragraph(first)) = note.content.first_mut() {
                prepend(first, mark);
            }
            if let Some(BlockElement::Paragraph(last)) = note.content.last_mut() {
                let end = vec![RunContent::Text(END.to_string())];
                last.content.push(ParagraphContent::Run(Run { properties: None, content: end }));
            }
        }
    }
}
