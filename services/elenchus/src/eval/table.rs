//! Tables in Markdown.

/// A table whose columns are as wide as their widest cells.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&mut head.iter().map(ToString::to_string));
    text.push_str(&line(&mut widths.iter().map(|width| "-".repeat(*width))));
    for row in rows {
        text.push_str(&line(&mut row.iter().cloned()));
    }
    text
}
