//! The order in which a page is read: lines of words, in parts.

use super::layer::word_of;
use crate::bbox;

/// What stands before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// The line before it.
    Line,
    /// Another part of the page.
    Part,
}

/// The lines in the order of reading, each with the numbers of its words from left to right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) lines: Vec<(Before, Vec<usize>)>,
}

impl Order {
    /// Reads the layout of a page of so many words. None unless it has each of them once.
    pub(super) fn parse(layout: &str, words: usize) -> Option<Self> {
        let mut lines = Vec::new();
        for flow in bbox::parse(layout).iter().flat_map(|page| &page.flows) {
            let mut before = Before::Part;
            for line in flow {
                let signs = line.iter().flat_map(|word| word.text.chars());
                lines.push((before, signs.filter_map(word_of).collect()));
                before = Before::Line;
            }
        }
        let mut seen: Vec<usize> =
            lines.iter().flat_map(|(_, line): &(_, Vec<usize>)| line).copied().collect();
        seen.sort_unstable();
        seen.into_iter().eq(0..words).then_some(Self { lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_lacks_a_word_is_none() {
        let sign = |word: u32| char::from_u32(0xf_0000 + word).unwrap();
        let layout = format!(
            "<page><flow><block><line><word>{}</word>\n<word>{}</word></line><line><word>{}</word></line></block>\
             </flow><flow><block><line><word>{}</word></line></block></flow></page>",
            sign(2),
            sign(0),
            sign(1),
            sign(3)
        );
        let order = Order::parse(&layout, 4).unwrap();
        let expected =
            [(Before::Part, vec![2, 0]), (Before::Line, vec![1]), (Before::Part, vec![3])];
        assert_eq!(order.lines, expected);
        assert_eq!(Order::parse(&layout, 5), None);
        assert_eq!(Order::parse(&layout, 3), None);
    }
}
