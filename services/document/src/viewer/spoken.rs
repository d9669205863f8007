//! The words of a page's layout at their places in its text. Both are poppler's, but the text joins words
//! that a line's end divides, and leaves out what cannot be shown.

use super::area::Placed;
use crate::bbox::{Page, Word};

/// How far on a word may stand that is not the next one.
const NEAR: usize = 300;
const HYPHENS: [char; 3] = ['-', '\u{ad}', '\u{2010}'];

/// Each word that is found, in the order of the text.
pub(super) fn spoken(content: &str, page: &Page) -> Vec<Placed> {
    let text: Vec<char> = content.chars().collect();
    let mut from = 0;
    let words = page.words().filter_map(|word| {
        let (start, end) = next(&text, from, word)?;
        from = end;
        let [left, top, right, bottom] = word.at;
        let at = [left / page.width, top / page.height, right / page.width, bottom / page.height];
        Some(Placed { start, end, at })
    });
    words.collect()
}

/// Where a word stands next: right there, there without the hyphen that divided it, or soon.
fn next(text: &[char], from: usize, word: &Word) -> Option<(usize, usize)> {
    let word: Vec<char> = word.text.chars().filter(|c| !c.is_control()).collect();
    let start = from + text.get(from..)?.iter().take_while(|c| c.is_whitespace()).count();
    let stands_at = |start: usize, word: &[char]| {
        (!word.is_empty() && text.get(start..)?.starts_with(word))
            .then_some((start, start + word.len()))
    };
    if let Some(found) = stands_at(start, &word) {
        return Some(found);
    }
    let begins = |at: &usize| *at == 0 || text[at - 1].is_whitespace();
    let divided = word.split_last().filter(|(last, _)| HYPHENS.contains(last));
    divided.and_then(|(_, word)| stands_at(start, word)).or_else(|| {
        let mut near = start..text.len().min(start + NEAR);
        near.find_map(|at| stands_at(at, &word).filter(|_| begins(&at)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_stand_whole_divided_or_after_something_else() {
        let word = |text: &str| Word { text: text.to_owned(), at: [0.0, 0.0, 10.0, 5.0] };
        let words = ["The", "inter-", "national", "(missing)", "rule", "12(b)"].map(word);
        let page = Page { width: 100.0, height: 50.0, flows: vec![vec![words.to_vec()]] };
        let text = "The international\n\nother rule 12(b)";
        let chars: Vec<char> = text.chars().collect();
        let found = spoken(text, &page);
        let told: Vec<String> =
            found.iter().map(|word| chars[word.start..word.end].iter().collect()).collect();
        assert_eq!(told, ["The", "inter", "national", "rule", "12(b)"]);
        assert_eq!(found[0].at, [0.0, 0.0, 0.1, 0.1]);
    }
}
