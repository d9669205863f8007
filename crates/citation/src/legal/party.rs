//! What stands before a citation: the parties, and the year in some states.

use super::data::reporters;

/// What may stand before a name's first word.
const OPENING: [char; 6] = ['*', '_', '[', '(', '“', '"'];
/// How far before a citation its parties begin.
const MAX_NAME: usize = 160;

/// What stands before a citation.
#[derive(Default)]
pub(super) struct Before {
    /// The parties.
    pub(super) name: String,
    /// The year, where it stands there and not behind.
    pub(super) year: Option<u16>,
}

impl Before {
    /// `Roe v. Wade, `, `In re Smith, `, `In re K.F. (2009) `.
    pub(super) fn of(text: &str, start: usize) -> Self {
        let from = text.ceil_char_boundary(start.saturating_sub(MAX_NAME));
        let before = without_placeholder(text[from..start].trim_end_matches(is_dress));
        if let Some(before) = before.strip_suffix(',') {
            return Self { name: name_in(before), year: None };
        }
        let Some((before, year)) = year_at_end(before) else {
            return Self::default();
        };
        Self { name: name_in(before.trim_end()), year: Some(year) }
    }
}

fn year_at_end(text: &str) -> Option<(&str, u16)> {
    let (before, year) = text.strip_suffix(')')?.rsplit_once('(')?;
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    Some((before, year.parse().ok().filter(|_| is_year)?))
}

/// The parties that a text ends with.
fn name_in(before: &str) -> String {
    let before = before.rsplit_once("\n\n").map_or(before, |(_, last)| last);
    let before = without_docket(before).trim_end_matches(is_dress);
    let party =
        [" v. ", " v ", " vs. ", " v.\n"].iter().filter_map(|sign| before.rfind(sign)).max();
    if let Some(at) = party {
        let plaintiff = trailing_name(&before[..at]);
        return one_line(&before[at - plaintiff.len()..]);
    }
    let lead = ["In re ", "Ex parte ", "Matter of ", "In the Matter of "]
        .iter()
        .filter_map(|lead| before.rfind(lead))
        .max();
    lead.map(|at| one_line(&before[at..])).unwrap_or_default()
}

/// `_ U.S. _ [` stands for a citation whose numbers are still to come.
fn without_placeholder(before: &str) -> &str {
    let is_blank = |c: char| matches!(c, '_' | '-');
    let inner = before.strip_suffix(['[', ',']).unwrap_or(before).trim_end();
    let page = inner.trim_end_matches(is_blank);
    let reporter = page.trim_end();
    let Some((volume, name)) = reporter.rsplit_once(['_', '-']) else { return before };
    let name = name.trim();
    let known = reporters().find(name.as_bytes());
    let is_name = known.first().is_some_and(|(length, _)| *length == name.len());
    if !is_name || page.len() == inner.len() {
        return before;
    }
    volume.trim_end_matches(is_blank).trim_end_matches(is_dress)
}

/// Space, and Markdown's signs around a name.
fn is_dress(c: char) -> bool {
    c.is_whitespace() || matches!(c, '*' | '_')
}

/// `Doe v. Roe, No. 19-cv-123` without the number of the case.
fn without_docket(before: &str) -> &str {
    let docket = [", No. ", ", Nos. ", ", Case No. ", ", Civ. No. "]
        .iter()
        .filter_map(|sign| before.rfind(sign))
        .max();
    docket.map_or(before, |at| &before[..at])
}

/// The words at the end that may be a party's name.
fn trailing_name(text: &str) -> &str {
    const SIGNALS: [&str; 14] = [
        "See", "see", "Cf.", "cf.", "In", "But", "Accord", "Compare", "Under", "citing", "quoting",
        "e.g.,", "also", "Also",
    ];
    const INNER: [&str; 16] = [
        "of", "the", "and", "&", "for", "de", "la", "ex", "rel.", "et", "al.", "al.,", "von",
        "van", "on", "in",
    ];
    let mut start = text.len();
    for word in text.split_whitespace().rev() {
        let bare = word.trim_start_matches(|c| OPENING.contains(&c));
        let at = bare.as_ptr() as usize - text.as_ptr() as usize;
        let is_first = bare.len() < word.len();
        let word = bare;
        let is_capital = word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
        let ends_sentence = start < text.len()
            && word.ends_with(['.', ';', ':', '?', ')', '”', '"'])
            && word.len() > 5;
        if SIGNALS.contains(&word) || !(is_capital || INNER.contains(&word)) || ends_sentence {
            break;
        }
        start = at;
        if is_first {
            break;
        }
    }
    let mut name = &text[start..];
    while let Some((word, rest)) = name.split_once(char::is_whitespace)
        && INNER.contains(&word)
    {
        name = rest.trim_start();
    }
    name
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
