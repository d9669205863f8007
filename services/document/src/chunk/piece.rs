//! The pieces that passages are made of: headings, clauses, paragraphs, sentences.

/// The weight above which a paragraph is cut into sentences, and a sentence into parts.
const MOST: usize = 60;
/// Headings are short, unless a section's sign says that they are headings.
const HEADING: usize = 12;
const MARKED_HEADING: usize = 30;
/// Letters in a word of ordinary prose with the space after it, and some. Text without spaces, as
/// Chinese, is weighed by it.
const LETTERS: usize = 8;

const SECTION_WORDS: [&str; 12] = [
    "section", "article", "rule", "part", "chapter", "clause", "schedule", "exhibit", "appendix",
    "annex", "title", "count",
];
const BULLETS: [char; 12] = ['•', '▪', '◦', '●', '○', '■', '–', '—', '-', '☐', '☒', '*'];
/// Words that end with a point in the middle of a sentence.
const ABBREVIATIONS: [&str; 24] = [
    "no", "nos", "v", "vs", "art", "sec", "para", "cf", "e.g", "i.e", "inc", "ltd", "co", "corp",
    "mr", "mrs", "ms", "dr", "st", "u.s", "u.s.c", "c.f.r", "pa", "id",
];

/// A part of a page that is kept whole, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    /// In words.
    pub(super) weight: usize,
    pub(super) heading: Option<Rank>,
}

/// How deep a heading stands: one of a higher rank stands under those of lower ones.
pub(super) type Rank = u32;

/// A heading that the file calls one, by the place of its first letter, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) start: usize,
    /// From 1.
    pub(super) level: u32,
}

/// How far the ranks of two known levels stand apart: what only looks like a heading stands between.
const KNOWN: Rank = 10;

impl Piece {
    pub(super) fn is_heading(&self) -> bool {
        self.heading.is_some()
    }
}

/// How long a text is, in words.
pub(super) fn weigh(text: &str) -> usize {
    text.split_whitespace().count().max(text.chars().count().div_ceil(LETTERS))
}

/// Cuts a page, leaving out the white space between the pieces. `known` are its headings, in order;
/// `level` is that of the last one before it, and of the last one once it was read.
pub(super) fn pieces(page: &str, known: &[Known], level: &mut u32) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (start, end, heading) in paragraphs(page, known, level) {
        if weigh(&page[start..end]) <= MOST {
            push(page, start, end, heading, &mut pieces);
        } else {
            cut(page, start, end, &mut pieces);
        }
    }
    pieces
}

fn push(page: &str, start: usize, end: usize, heading: Option<Rank>, pieces: &mut Vec<Piece>) {
    let text = &page[start..end];
    let start = start + (text.len() - text.trim_start().len());
    let end = start + text.trim().len();
    if start < end {
        pieces.push(Piece { start, end, weight: weigh(&page[start..end]), heading });
    }
}

/// Lines that belong together: up to a blank line, a heading, a new clause, or the end of a sentence.
fn paragraphs(page: &str, known: &[Known], level: &mut u32) -> Vec<(usize, usize, Option<Rank>)> {
    let mut paragraphs: Vec<(usize, usize, Option<Rank>)> = Vec::new();
    let mut known = known.iter().copied().peekable();
    let mut is_open = false;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let named = known.next_if(|known| known.start < end).map(|known| known.level);
        let line = line.trim();
        if line.is_empty() {
            is_open = false;
            continue;
        }
        if let Some(named) = named {
            *level = named;
        }
        let heading = match named {
            Some(named) => Some(named * KNOWN),
            None => is_heading(line).then(|| *level * KNOWN + rank(line)),
        };
        match paragraphs.last_mut() {
            Some(last) if is_open && heading.is_none() && !starts_clause(line) => last.1 = end,
            _ => paragraphs.push((start, end, heading)),
        }
        is_open = heading.is_none() && !line.ends_with(['.', ';', ':', '?', '!']);
    }
    paragraphs
}

/// Cuts a long paragraph at the ends of its sentences, or where those are too long at semicolons, or at
/// spaces, or anywhere; as many of them together as a piece may hold.
fn cut(page: &str, start: usize, end: usize, pieces: &mut Vec<Piece>) {
    let mut from = start;
    while from < end {
        let limit = reach(page, from, end);
        let to = if limit == end {
            end
        } else {
            best_cut(&page[from..limit]).map_or(limit, |cut| from + cut)
        };
        push(page, from, to, None, pieces);
        from = to;
    }
}

/// How far a piece may reach at most.
fn reach(page: &str, from: usize, end: usize) -> usize {
    let mut words = 0;
    let mut was_space = true;
    for (count, (at, c)) in page[from..end].char_indices().enumerate() {
        if was_space && !c.is_whitespace() {
            words += 1;
        }
        was_space = c.is_whitespace();
        if words > MOST || count >= MOST * LETTERS {
            return from + at;
        }
    }
    end
}

fn best_cut(text: &str) -> Option<usize> {
    last_end(text, |before, c| matches!(c, '.' | '?' | '!') && !is_abbreviation(before))
        .or_else(|| last_end(text, |_, c| c == ';'))
        .or_else(|| text.rfind(char::is_whitespace).filter(|at| *at > 0))
}

/// The last place where a mark that `ends` is followed by white space. Closing quotes and brackets
/// belong to what they close.
fn last_end(text: &str, ends: impl Fn(&str, char) -> bool) -> Option<usize> {
    text.char_indices().rev().filter(|(_, c)| c.is_whitespace()).find_map(|(at, _)| {
        let sentence = text[..at].trim_end_matches(['"', '”', '’', '\'', ')', ']']);
        let mark = sentence.chars().next_back()?;
        ends(&sentence[..sentence.len() - mark.len_utf8()], mark).then_some(at)
    })
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(before);
    let mut letters = word.chars();
    let is_initial = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
    is_initial || ABBREVIATIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn is_heading(line: &str) -> bool {
    let most = if line.starts_with('§') { MARKED_HEADING } else { HEADING };
    if weigh(line) > most
        || line.ends_with(['.', ';', ',', ':'])
        || !line.contains(char::is_alphabetic)
    {
        return false;
    }
    line.starts_with("# ") || line.starts_with('§') || is_in_capitals(line) || names_section(line)
}

/// How deep a line that looks like a heading stands, from 1 to 9.
fn rank(line: &str) -> Rank {
    let line = line.trim_start_matches(['#', ' ']);
    let first = line.split_whitespace().next().unwrap_or(line);
    if line.starts_with('§') {
        return 3;
    }
    match SECTION_WORDS.iter().position(|word| word.eq_ignore_ascii_case(first)) {
        Some(word) if matches!(SECTION_WORDS[word], "section" | "rule" | "clause" | "count") => 3,
        Some(_) => 1,
        None if is_numeral(first) => {
            let parts = first.trim_end_matches(['.', ')']).split('.').count();
            3 + u32::try_from(parts).unwrap_or(u32::MAX).min(6)
        }
        None => 2,
    }
}

fn is_in_capitals(line: &str) -> bool {
    let letters = || line.chars().filter(|c| c.is_alphabetic());
    letters().count() >= 4 && letters().all(char::is_uppercase)
}

/// `Section 4`, `Rule 400.1. Provisions`, `3. Term of the Lease`.
fn names_section(line: &str) -> bool {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let starts_with_capital =
        |text: &str| text.trim_start().starts_with(|c: char| c.is_uppercase());
    let is_word = SECTION_WORDS.iter().any(|word| word.eq_ignore_ascii_case(first));
    if is_word {
        return rest.starts_with(|c: char| c.is_ascii_digit() || c.is_uppercase());
    }
    is_numeral(first) && starts_with_capital(rest)
}

fn starts_clause(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or(line);
    let is_bracketed =
        first.strip_prefix('(').and_then(|rest| rest.split_once(')')).is_some_and(|(mark, _)| {
            !mark.is_empty() && mark.len() <= 4 && mark.chars().all(|c| c.is_ascii_alphanumeric())
        });
    is_bracketed
        || line.starts_with('§')
        || line.starts_with(BULLETS)
        || is_numeral(first)
        || names_section(line)
}

/// `1.`, `12)`, `3.2`, `4.1.`, `IV.`, `b.`.
fn is_numeral(word: &str) -> bool {
    let body = word.trim_end_matches(['.', ')']);
    let is_marked = body.len() < word.len();
    let parts = body.split('.').count();
    let is_number = !body.is_empty() && body.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_roman =
        body.len() <= 5 && !body.is_empty() && body.chars().all(|c| "IVXivx".contains(c));
    let is_letter = body.len() == 1 && body.chars().all(|c| c.is_ascii_alphabetic());
    (is_number && (is_marked || parts > 1)) || (is_marked && (is_roman || is_letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_told_from_sentences() {
        for heading in [
            "ARTICLE IV",
            "§ 99.30 Under what conditions",
            "Section 5",
            "3. Term of the Lease",
            "RENT",
        ] {
            assert!(is_heading(heading), "{heading}");
        }
        for other in
            ["The tenant pays.", "(a) the parent", "____", "5", "section of the code", "$52.68 fee"]
        {
            assert!(!is_heading(other), "{other}");
        }
    }

    #[test]
    fn clauses_start_pieces_and_wrapped_lines_do_not() {
        let page =
            "(a) The parent or\n    student consents\n(b) in writing.\nThe school may\nrefuse.";
        let texts: Vec<_> =
            pieces(page, &[], &mut 0).iter().map(|piece| &page[piece.start..piece.end]).collect();
        assert_eq!(
            texts,
            [
                "(a) The parent or\n    student consents",
                "(b) in writing.",
                "The school may\nrefuse."
            ]
        );
    }

    #[test]
    fn sentences_end_at_points_but_not_at_abbreviations() {
        let text = "Under Pa.R.C.P. No. 76 the rule holds. Smith v. Jones (1990). It was ";
        assert_eq!(
            &text[..best_cut(text).unwrap()],
            "Under Pa.R.C.P. No. 76 the rule holds. Smith v. Jones (1990)."
        );
        let text = "Under the rule of No. 76 and ";
        assert_eq!(&text[..best_cut(text).unwrap()], "Under the rule of No. 76 and");
    }
}
