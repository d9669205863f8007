//! What a document calls itself: its first words.

/// Words that are enough for a title, and those that it has at most.
const ENOUGH: usize = 8;
const MOST: usize = 16;

/// The first lines that say something, in one.
pub(crate) fn title(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line =
            line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '_' | '\u{feff}'));
        if !line.contains(char::is_alphabetic) {
            continue;
        }
        words.extend(line.split_whitespace());
        if words.len() >= ENOUGH {
            break;
        }
    }
    words.truncate(MOST);
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_that_say_something_are_the_title() {
        let text = "____\n\n   Mozilla Public License\n\nVersion 2.0\n\n1. Definitions\n\n1.1. A \"Contributor\" is";
        assert_eq!(
            title(text),
            "Mozilla Public License Version 2.0 1. Definitions 1.1. A \"Contributor\" is"
        );
        assert_eq!(title("12\n\n"), "");
    }
}
