//! Parts of pages: the boxes of words that follow each other on a line, as one.

use std::ops::Range;

use crate::domain::PageText;

/// A part of a page that words of the text stand on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Area {
    /// The page, from 1.
    pub(crate) page: i32,
    /// Where its words start in the document's text, in characters.
    pub(crate) start_char: i32,
    /// Where they end, exclusive.
    pub(crate) end_char: i32,
    /// Left, top, right and bottom, as parts of the page's width and height.
    pub(crate) at: [f64; 4],
}

/// A word on its page: its place in the page's text, and its box as parts of the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) at: [f64; 4],
}

/// The words that were recognised on a page.
pub(super) fn recognized(page: &PageText) -> Vec<Placed> {
    let [width, height] = [page.width, page.height].map(|pixels| f64::from(pixels.max(1)));
    let place = |place: i32| usize::try_from(place).unwrap_or_default();
    let words = page.words.chunks_exact(7).map(|word| {
        let [left, top, right, bottom] = [2, 3, 4, 5].map(|at| f64::from(word[at]));
        let at = [left / width, top / height, right / width, bottom / height];
        Placed { start: place(word[0]), end: place(word[1]), at }
    });
    words.collect()
}

/// Where a part of the document's text stands on a page.
pub(crate) fn areas(page: &PageText, words: &[Placed], part: &Range<i32>) -> Vec<Area> {
    let chars: Vec<char> = page.content.chars().collect();
    let place = |at: usize| page.start_char.saturating_add(i32::try_from(at).unwrap_or(i32::MAX));
    let mut areas: Vec<Area> = Vec::new();
    let mut before: Option<&Placed> = None;
    for word in words {
        let (start_char, end_char) = (place(word.start), place(word.end));
        if end_char <= part.start || part.end <= start_char {
            continue;
        }
        let goes_on = before.is_some_and(|before| {
            let between = chars.get(before.end..word.start).unwrap_or(&['\n']);
            !between.contains(&'\n') && stand_beside(&before.at, &word.at)
        });
        match areas.last_mut() {
            Some(area) if goes_on => {
                area.end_char = end_char;
                area.at = around(&area.at, &word.at);
            }
            _ => areas.push(Area { page: page.page_number, start_char, end_char, at: word.at }),
        }
        before = Some(word);
    }
    areas
}

/// Whether two boxes share half of the lower one's height.
fn stand_beside(a: &[f64; 4], b: &[f64; 4]) -> bool {
    let shared = a[3].min(b[3]) - a[1].max(b[1]);
    2.0 * shared >= (a[3] - a[1]).min(b[3] - b[1])
}

fn around(a: &[f64; 4], b: &[f64; 4]) -> [f64; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_line_are_one_area_and_those_of_the_next_another() {
        let page = PageText {
            page_number: 2,
            start_char: 100,
            content: "The tenant\npays rent".to_owned(),
            source: "text".to_owned(),
            width: 0,
            height: 0,
            words: Vec::new(),
            blocks: Vec::new(),
        };
        let word =
            |start, end, left, top| Placed { start, end, at: [left, top, left + 0.1, top + 0.02] };
        let words = [
            word(0, 3, 0.1, 0.1),
            word(4, 10, 0.25, 0.1),
            word(11, 15, 0.1, 0.13),
            word(16, 20, 0.25, 0.13),
        ];
        let found = areas(&page, &words, &(104..117));
        let told: Vec<_> =
            found.iter().map(|area| (area.page, area.start_char, area.end_char)).collect();
        assert_eq!(told, [(2, 104, 110), (2, 111, 120)]);
        assert_eq!(found[0].at, words[1].at);
        assert_eq!((found[1].at[0], found[1].at[2]), (words[2].at[0], words[3].at[2]));
    }
}
