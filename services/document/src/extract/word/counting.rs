//! The numbers that Word computes for the paragraphs of lists, in the order of the text.

use std::collections::{HashMap, HashSet};

use super::definitions::{Definitions, LEVELS, Level};
use super::number_format::number;

/// What stands before a paragraph of a list with signs: their fonts have other letters than ours.
const BULLET: &str = "•";

/// Counts the paragraphs of lists.
#[derive(Debug, Default)]
pub(super) struct Counting {
    definitions: Definitions,
    /// For each definition, how far each of its levels has come.
    reached: HashMap<u32, [Option<u32>; LEVELS]>,
    /// Lists and levels that have begun.
    begun: HashSet<(u32, usize)>,
}

impl Counting {
    pub(super) fn new(definitions: Definitions) -> Self {
        Self { definitions, ..Self::default() }
    }

    /// The level of a list's paragraph that has this style, if the list says so.
    pub(super) fn level_of_style(&self, list: u32, style: &str) -> Option<usize> {
        self.definitions.level_of_style(list, style)
    }

    /// What Word shows before the next paragraph of a list, with what stands after it.
    pub(super) fn next(&mut self, list: u32, level: usize) -> Option<String> {
        let definition = self.definitions.definition(list)?;
        let shown = self.definitions.level(list, level).filter(|_| level < LEVELS)?.clone();
        self.advance(definition, list, level);
        let label = match shown.format.as_str() {
            "bullet" => sign(&shown.text),
            _ => self.label(definition, list, &shown),
        };
        let gap = if shown.touches { "" } else { " " };
        (!label.trim().is_empty()).then(|| format!("{label}{gap}"))
    }

    fn advance(&mut self, definition: u32, list: u32, level: usize) {
        let is_first = self.begun.insert((list, level));
        let own = self.definitions.own_start(list, level).filter(|_| is_first);
        let start = self.definitions.start(list, level);
        let deeper: Vec<usize> = (level + 1..LEVELS)
            .filter(|deeper| {
                match self.definitions.level(list, *deeper).and_then(|level| level.restart) {
                    None => true,
                    Some(after) => level < after,
                }
            })
            .collect();
        let reached = self.reached.entry(definition).or_default();
        reached[level] = Some(match (own, reached[level]) {
            (Some(own), _) => own,
            (None, Some(before)) => before.saturating_add(1),
            (None, None) => start,
        });
        for level in deeper {
            reached[level] = None;
        }
    }

    fn label(&self, definition: u32, list: u32, shown: &Level) -> String {
        let mut label = String::new();
        let mut parts = shown.text.split('%');
        label.push_str(parts.next().unwrap_or_default());
        for part in parts {
            match part.chars().next().and_then(|digit| digit.to_digit(10)) {
                Some(level @ 1..=9) => {
                    label.push_str(&self.number(definition, list, level as usize - 1, shown));
                    label.push_str(&part[1..]);
                }
                _ => {
                    label.push('%');
                    label.push_str(part);
                }
            }
        }
        label
    }

    /// A level that was passed over counts as begun.
    fn number(&self, definition: u32, list: u32, level: usize, shown: &Level) -> String {
        let reached = self.reached.get(&definition).and_then(|reached| reached[level]);
        let value = reached.unwrap_or_else(|| self.definitions.start(list, level));
        let of_level = self.definitions.level(list, level);
        let format = of_level.map_or("decimal", |level| level.format.as_str());
        let is_in_digits = matches!(format, "none" | "decimalZero");
        number(if shown.is_legal && !is_in_digits { "decimal" } else { format }, value)
    }
}

/// Signs of the fonts that have pictures in place of letters are bullets.
fn sign(text: &str) -> String {
    let is_picture = |c: char| matches!(c, '\u{e000}'..='\u{f8ff}' | 'o' | '§');
    if text.chars().any(is_picture) { BULLET.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(number: usize, format: &str, text: &str, more: &str) -> String {
        format!(
            r#"<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{format}"/>{more}<w:lvlText w:val="{text}"/></w:lvl>"#
        )
    }

    fn counting(levels: &[String], lists: &str) -> Counting {
        let xml = format!(
            r#"<w:numbering><w:abstractNum w:abstractNumId="7">{}</w:abstractNum>{lists}</w:numbering>"#,
            levels.concat()
        );
        Counting::new(Definitions::parse(xml.as_bytes()))
    }

    const LIST: &str = r#"<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>"#;

    fn shown(counting: &mut Counting, paragraphs: &[(u32, usize)]) -> Vec<String> {
        paragraphs
            .iter()
            .map(|(list, level)| counting.next(*list, *level).unwrap_or_default())
            .collect()
    }

    #[test]
    fn articles_and_sections_count_as_lawyers_cite_them() {
        let levels = [
            level(0, "upperRoman", "Article %1.", ""),
            level(1, "decimalZero", "Section %1.%2", r#"<w:isLgl/>"#),
            level(2, "lowerLetter", "(%3)", r#"<w:suff w:val="nothing"/>"#),
        ];
        let mut counting = counting(&levels, LIST);
        let found =
            shown(&mut counting, &[(1, 0), (1, 1), (1, 2), (1, 2), (1, 1), (1, 2), (1, 0), (1, 1)]);
        assert_eq!(
            found,
            [
                "Article I. ",
                "Section 1.01 ",
                "(a)",
                "(b)",
                "Section 1.02 ",
                "(a)",
                "Article II. ",
                "Section 2.01 "
            ]
        );
    }

    #[test]
    fn lists_of_one_definition_count_on_unless_they_begin_anew() {
        let anew = r#"<w:num w:numId="2"><w:abstractNumId w:val="7"/></w:num>
            <w:num w:numId="3"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>"#;
        let mut counting = counting(&[level(0, "decimal", "%1)", "")], &format!("{LIST}{anew}"));
        let found = shown(&mut counting, &[(1, 0), (1, 0), (2, 0), (3, 0), (3, 0), (9, 0)]);
        assert_eq!(found, ["1) ", "2) ", "3) ", "5) ", "6) ", ""]);
    }

    #[test]
    fn a_level_begins_anew_only_where_it_is_told_to_and_signs_are_bullets() {
        let levels = [
            level(0, "decimal", "%1.", ""),
            level(1, "lowerRoman", "%1.%2", r#"<w:lvlRestart w:val="0"/>"#),
            level(2, "bullet", "\u{f0b7}", ""),
        ];
        let mut counting = counting(&levels, LIST);
        let found = shown(&mut counting, &[(1, 1), (1, 0), (1, 1), (1, 0), (1, 1), (1, 2)]);
        assert_eq!(found, ["1.i ", "1. ", "1.ii ", "2. ", "2.iii ", "• "]);
    }
}
