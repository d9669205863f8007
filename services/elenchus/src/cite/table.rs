//! A report as people read it.

use std::io::{self, Write};

use elenchus_citation::{Change, Item, Report};

const TEXT_CHARS: usize = 60;

/// A line for each item, what is wrong with it below, and the counts.
pub(crate) fn write(output: &mut impl Write, report: &Report) -> io::Result<()> {
    for item in &report.items {
        writeln!(output, "{:<16} {:<24} {}", item.status, place(item), shorten(&item.text))?;
        if item.is_finding() {
            explain(output, item)?;
        }
    }
    if report.items.is_empty() {
        return writeln!(output, "No quotes or citations were found.");
    }
    let counts: Vec<String> =
        report.counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    writeln!(output, "\n{} checked: {}", report.items.len(), counts.join(", "))
}

fn place(item: &Item) -> String {
    let Some(first) = item.locations.first() else { return "-".to_owned() };
    let page = first.page.map(|page| format!(" p. {page}")).unwrap_or_default();
    let more = match item.locations.len() {
        1 => String::new(),
        count => format!(" (+{})", count - 1),
    };
    format!("{}{page} l. {}{more}", first.document_id, first.line)
}

fn explain(output: &mut impl Write, item: &Item) -> io::Result<()> {
    if let Some(reason) = item.reason {
        writeln!(output, "    because: {reason}")?;
    }
    for change in &item.diff {
        match change {
            Change::Same { .. } | Change::Gap => {}
            Change::Missing { source } => writeln!(output, "    missing: {source}")?,
            Change::Added { quote } => writeln!(output, "    added: {quote}")?,
            Change::Replaced { source, quote } => writeln!(output, "    {source} -> {quote}")?,
        }
    }
    for gap in item.gaps.iter().filter(|gap| !gap.hides.is_empty()) {
        writeln!(output, "    left out: {}", shorten(&gap.left_out))?;
    }
    Ok(())
}

fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
