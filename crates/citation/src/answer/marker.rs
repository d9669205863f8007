//! Markers such as `[1]` that name a source.

use std::ops::Range;

/// More digits than this are a year.
const MAX_DIGITS: usize = 3;

/// A marker in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Its bytes.
    pub(crate) bytes: Range<usize>,
    /// As the source would be called: `[1]`, also where the answer has `[1, 2]`.
    pub(crate) name: String,
}

/// The markers of an answer. `[1, 2]` is two.
pub(crate) fn markers(answer: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    for (open, _) in answer.match_indices('[') {
        let Some(close) = answer[open..].find(']').map(|close| open + close) else { break };
        let inside = &answer[open + 1..close];
        let numbers: Vec<&str> = inside.split([',', ';']).map(str::trim).collect();
        if numbers.iter().all(|number| is_number(number)) {
            markers.extend(
                numbers
                    .iter()
                    .map(|number| Marker { bytes: open..close + 1, name: format!("[{number}]") }),
            );
        }
    }
    markers
}

/// A line without the markers at its end.
pub(super) fn trim_end(line: &str) -> &str {
    let mut text = line.trim_end();
    while let Some(rest) = text.strip_suffix(']')
        && let Some(open) = rest.rfind('[')
        && rest[open + 1..].split([',', ';']).all(|number| is_number(number.trim()))
    {
        text = rest[..open].trim_end();
    }
    text
}

fn is_number(text: &str) -> bool {
    (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_brackets_are_markers_and_years_are_not() {
        let found = markers("as [1] and [2, 3] but [2019] UKSC 41 and [sic] [");
        let names: Vec<String> = found.into_iter().map(|marker| marker.name).collect();
        assert_eq!(names, ["[1]", "[2]", "[3]"]);
    }
}
