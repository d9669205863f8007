//! Reads an answer: what of it is quoted, and which source each quote names.

mod block;
mod inline;
mod marker;

use std::ops::Range;

pub(crate) use self::marker::{Marker, markers};

/// Words of an answer that are said to be a source's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// Its bytes in the answer, without quotation marks.
    pub(crate) bytes: Range<usize>,
    /// The words. A block quote's are freed of the signs at its lines' beginnings.
    pub(crate) text: String,
}

/// The quotes of an answer, in its order.
pub(crate) fn quotes(answer: &str) -> Vec<Quoted> {
    let mut quotes = Vec::new();
    for block in block::blocks(answer) {
        match block {
            block::Block::Quote(lines) => quotes.extend(block::quoted(answer, &lines)),
            block::Block::Paragraph(bytes) => {
                let start = bytes.start;
                quotes.extend(inline::quotes(&answer[bytes]).into_iter().map(|inner| {
                    let bytes = start + inner.start..start + inner.end;
                    Quoted { text: answer[bytes.clone()].to_owned(), bytes }
                }));
            }
        }
    }
    quotes.retain(|quote| quote.text.contains(char::is_alphanumeric));
    quotes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(answer: &str) -> Vec<String> {
        quotes(answer).into_iter().map(|quote| quote.text).collect()
    }

    #[test]
    fn every_shape_of_quotation_mark_is_seen() {
        let answer = "\"one\" “two” „drei“ „vier” «cinq» »sechs« ‘seven’ 'eight' ‹neuf› (\"ten\")";
        let found = texts(answer);
        assert_eq!(
            found,
            ["one", "two", "drei", "vier", "cinq", "sechs", "seven", "eight", "neuf", "ten"]
        );
    }

    #[test]
    fn apostrophes_and_inches_are_no_quotes() {
        let answer = "The parties' duties and the Supplier's rights; don't use a 5\" pipe in the '90s. \
                      The parties’ and the customers’ rights. 'Tis so, and rock 'n' roll.";
        assert_eq!(texts(answer), Vec::<String>::new());
        assert_eq!(texts("It says ‘the parties’ joint duty’ twice."), ["the parties’ joint duty"]);
        assert_eq!(texts("It says 'the Supplier's duty' twice."), ["the Supplier's duty"]);
    }

    #[test]
    fn a_quote_in_a_quote_belongs_to_it() {
        assert_eq!(
            texts("“the term ‘Fee’ means “all” sums”."),
            ["the term ‘Fee’ means “all” sums"]
        );
        assert_eq!(texts("\"the term 'Fee' means\" it"), ["the term 'Fee' means"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_goes_to_the_end_of_its_paragraph() {
        assert_eq!(texts("He said “one two\nthree.\n\nMore."), ["one two\nthree."]);
        assert_eq!(texts("“one two\n\n“three four” x"), ["one two", "three four"]);
        assert_eq!(texts("said \"shall pay the fee"), ["shall pay the fee"]);
    }

    #[test]
    fn block_quotes_lose_their_signs_and_keep_their_place() {
        let answer =
            "It says:\n\n> “The Supplier\n> shall pay.” [1]\n> — Clause 7\n>\n> Next one.\n\nSo.";
        assert_eq!(texts(answer), ["The Supplier\nshall pay.", "Next one."]);
        let bytes = quotes(answer)[0].bytes.clone();
        assert_eq!(&answer[bytes], "The Supplier\n> shall pay.");
        assert_eq!(texts("```\n\"code\"\n```\n\"text\""), ["text"]);
    }
}
