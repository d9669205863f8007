//! The text of a recognised page, with the place of every word.

use super::hocr::{Seen, Spotted};
use super::order::{Before, Order};

/// What was recognised on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognized {
    /// The words in reading order, with spaces, line ends, and a blank line between parts of the page.
    pub text: String,
    /// Where each word stands.
    pub words: Vec<Word>,
    /// The picture's size.
    pub width: i32,
    /// The picture's size.
    pub height: i32,
    /// Characters of the text.
    chars: i32,
}

/// A word and its box, in pixels of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it starts in the page's text, in characters.
    pub start: i32,
    /// Where it ends, exclusive.
    pub end: i32,
    /// Left, top, right and bottom.
    pub at: [i32; 4],
    /// How sure the recogniser is, in percent.
    pub confidence: i32,
}

impl Recognized {
    /// The words of a picture in the order of reading; where none is known, in that of the recogniser.
    pub(super) fn new(seen: &Seen, order: Option<Order>) -> Self {
        let words: Vec<&Spotted> = seen.lines.iter().flat_map(|line| &line.words).collect();
        let order = order.unwrap_or_else(|| as_seen(seen));
        let mut page = Self { width: seen.width, height: seen.height, ..Self::default() };
        for (before, line) in order.lines {
            let line = line.into_iter().filter_map(|number| words.get(number).copied()).collect();
            page.push_line(before, in_direction(line));
        }
        page
    }

    fn push_line(&mut self, before: Before, words: Vec<&Spotted>) {
        let mut gap = match before {
            _ if self.text.is_empty() => "",
            Before::Line => "\n",
            Before::Part => "\n\n",
        };
        for word in words {
            self.push(std::mem::replace(&mut gap, " "));
            let start = self.chars;
            self.push(&word.text);
            let (end, at, confidence) = (self.chars, word.at, word.confidence);
            self.words.push(Word { start, end, at, confidence });
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        let count = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
        self.chars = self.chars.saturating_add(count);
    }
}

/// Line by line, as the recogniser has them.
fn as_seen(seen: &Seen) -> Order {
    let mut numbers = 0..;
    let lines = seen.lines.iter();
    let lines = lines.map(|line| numbers.by_ref().take(line.words.len()).collect());
    Order { lines: lines.map(|line| (Before::Line, line)).collect() }
}

/// Words that stand from left to right, as they are read: a line of Hebrew or Arabic from its right end,
/// but what is Latin in it, and numbers, from left to right.
fn in_direction(mut line: Vec<&Spotted>) -> Vec<&Spotted> {
    let leftward = line.iter().filter(|word| runs_leftward(&word.text)).count();
    if 2 * leftward <= line.len() {
        return line;
    }
    line.reverse();
    for run in line.chunk_by_mut(|a, b| runs_leftward(&a.text) == runs_leftward(&b.text)) {
        if !runs_leftward(&run[0].text) {
            run.reverse();
        }
    }
    line
}

/// Whether a word is of a script that is written from right to left.
fn runs_leftward(word: &str) -> bool {
    let is_leftward = |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    word.contains(is_leftward)
}

#[cfg(test)]
mod tests {
    use super::super::hocr::Line;
    use super::*;

    fn seen(lines: &[&[&str]]) -> Seen {
        let word = |text: &&str| Spotted { text: (*text).to_owned(), ..Spotted::default() };
        let line =
            |words: &&[&str]| Line { words: words.iter().map(word).collect(), ..Line::default() };
        Seen { lines: lines.iter().map(line).collect(), ..Seen::default() }
    }

    #[test]
    fn words_know_their_places_in_whatever_order_they_are_read() {
        let seen = seen(&[&["§", "fee"], &["waiver"], &["Court"]]);
        let page = Recognized::new(&seen, None);
        assert_eq!(page.text, "§ fee\nwaiver\nCourt");
        let lines =
            vec![(Before::Part, vec![3]), (Before::Part, vec![0, 1]), (Before::Line, vec![2])];
        let page = Recognized::new(&seen, Some(Order { lines }));
        assert_eq!(page.text, "Court\n\n§ fee\nwaiver");
        let chars: Vec<char> = page.text.chars().collect();
        let told = page.words.iter().map(|word| &chars[word.start as usize..word.end as usize]);
        let told: Vec<String> = told.map(|word| word.iter().collect()).collect();
        assert_eq!(told, ["Court", "§", "fee", "waiver"]);
    }

    #[test]
    fn a_line_of_hebrew_is_read_from_its_right_end() {
        let lines = vec![(Before::Part, vec![0, 1, 2, 3, 4])];
        let seen = seen(&[&["בע״מ", "Acme", "Ltd.", "חברת", "הסכם"]]);
        let page = Recognized::new(&seen, Some(Order { lines }));
        assert_eq!(page.text, "הסכם חברת Acme Ltd. בע״מ");
    }
}
