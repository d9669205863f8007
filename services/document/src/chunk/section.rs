//! Sections as lawyers cite them: a number with its subdivisions, such as `12(b)(6)` or `99.31(a)(1)`.

/// A subdivision is short: `(b)`, `(12)`, `(iii)`.
const MOST_LETTERS: usize = 5;

/// The sections that a text cites, each also without its last subdivisions, in lower case.
pub(crate) fn sections(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let length = if c.is_ascii_digit() && !before.is_some_and(char::is_alphanumeric) {
            section(rest, &mut found)
        } else {
            c.len_utf8()
        };
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Reads a number and its subdivisions; how many bytes that were.
fn section(text: &str, found: &mut Vec<String>) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '–');
    let mut end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    while let Some(length) = subdivision(&text[end..]) {
        end += length;
        found.push(text[..end].to_lowercase());
    }
    end.max(1)
}

/// The length of `(b)` at the start of a text.
fn subdivision(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('(')?;
    let length =
        inside.bytes().take(MOST_LETTERS + 1).position(|byte| !byte.is_ascii_alphanumeric())?;
    (length > 0 && inside[length..].starts_with(')')).then_some(length + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_one_word_and_so_are_those_above_it() {
        let text =
            "Under Rule 12(b)(6) and 34 CFR § 99.31(a)(1), not f(x) or 5 (five) or 7(see below).";
        assert_eq!(sections(text), ["12(b)", "12(b)(6)", "99.31(a)", "99.31(a)(1)"]);
    }
}
