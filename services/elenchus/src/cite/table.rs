//! A report as people read it, in 80 columns.

use std::io::{self, Write};

use elenchus_citation::{Change, Comparison, Facts, Gap, Item, Kind, Location, Report};

const COLUMNS: usize = 80;
/// What stands before each line but an item's first.
const INDENT: usize = 17;
/// The most places that are named for one item.
const MAX_PLACES: usize = 3;

/// Each item with its text, its places, and what to look at, and the counts.
pub(crate) fn write(output: &mut impl Write, brief: &str, report: &Report) -> io::Result<()> {
    let mut lines = Lines { text: brief, chars: 0, line: 1, page: 1, rest: brief };
    for item in &report.items {
        let text = one_line(&item.text);
        let name = item.facts.as_ref().map_or("", |facts| facts.case_name.as_str());
        let text = match item.kind {
            Kind::Quote => format!("“{text}”"),
            Kind::LegalCitation if !name.is_empty() => format!("{name}, {text}"),
            Kind::LegalCitation | Kind::SourceReference => text,
        };
        let status = item.status.as_str();
        writeln!(output, "{status:<INDENT$}{}", shorten(&text, COLUMNS - INDENT))?;
        for line in details(item, &lines.at(item.span.start_char)) {
            writeln!(output, "{:INDENT$}{}", "", shorten(&line, COLUMNS - INDENT))?;
        }
    }
    if report.items.is_empty() {
        return writeln!(output, "No quotes or citations were found.");
    }
    let counts: Vec<String> =
        report.counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let findings = match report.findings().count() {
        0 => "Nothing needs a look.".to_owned(),
        1 => "1 needs a look.".to_owned(),
        count => format!("{count} need a look."),
    };
    writeln!(output, "\n{} checked: {}. {findings}", report.items.len(), counts.join(", "))
}

/// Counts the lines and pages of a brief, forward.
struct Lines<'a> {
    text: &'a str,
    rest: &'a str,
    chars: usize,
    line: usize,
    page: usize,
}

impl Lines<'_> {
    /// Where a character of the brief stands. Asked for in the brief's order.
    fn at(&mut self, start_char: usize) -> String {
        let mut rest = self.rest.chars();
        while self.chars < start_char
            && let Some(c) = rest.next()
        {
            self.chars += 1;
            match c {
                '\n' => self.line += 1,
                '\x0c' => (self.line, self.page) = (1, self.page + 1),
                _ => {}
            }
        }
        self.rest = rest.as_str();
        match self.text.contains('\x0c') {
            true => format!("page {}, line {}", self.page, self.line),
            false => format!("line {}", self.line),
        }
    }
}

fn details(item: &Item, place: &str) -> Vec<String> {
    let mut lines = vec![format!("on {place} of the brief")];
    lines.extend(item.locations.iter().take(MAX_PLACES).map(in_source));
    match item.locations.len().saturating_sub(MAX_PLACES) {
        0 => {}
        1 => lines.push("and in one more place".to_owned()),
        more => lines.push(format!("and in {more} more places")),
    }
    if !item.is_finding() {
        return lines;
    }
    lines.extend(item.reason.map(|reason| format!("because {reason}")));
    lines.extend(item.diff.iter().filter_map(change));
    lines.extend(item.gaps.iter().filter(|gap| !gap.hides.is_empty()).map(left_out));
    lines.extend(item.facts.iter().flat_map(doubts));
    lines
}

fn in_source(place: &Location) -> String {
    let page = place.page.map(|page| format!("page {page}, ")).unwrap_or_default();
    format!("in {}, {page}line {}", place.document_id, place.line)
}

fn change(change: &Change) -> Option<String> {
    match change {
        Change::Same { .. } | Change::Gap => None,
        Change::Missing { source } => Some(format!("missing: {source}")),
        Change::Added { quote } => Some(format!("added: {quote}")),
        Change::Replaced { source, quote } => Some(format!("{source} -> {quote}")),
    }
}

fn left_out(gap: &Gap) -> String {
    let hidden: Vec<String> = gap.hides.iter().map(ToString::to_string).collect();
    let changed = match gap.inserted.as_str() {
        "" => String::new(),
        inserted => format!(", put in: {inserted}"),
    };
    format!("left out ({}): {}{changed}", hidden.join(", "), one_line(&gap.left_out))
}

fn doubts(facts: &Facts) -> Vec<String> {
    let differs = |what: &str, found: Option<Comparison>| {
        (found == Some(Comparison::Differs)).then(|| format!("the source gives another {what}"))
    };
    let mut lines: Vec<String> = facts.implausible.iter().map(ToString::to_string).collect();
    lines.extend(differs("case name", facts.case_name_in_source));
    lines.extend(differs("year", facts.year_in_source));
    lines.extend(differs("court", facts.court_in_source));
    lines
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of at most so many characters, its end kept: a quote's last words and a file's name say most.
fn shorten(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let (head, tail) = (most * 2 / 3, most - most * 2 / 3 - 1);
    let begin: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{begin}…{end}")
}
