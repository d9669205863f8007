//! Whatever an answer or a source holds, a check comes to an end, and what it says is in bounds.

use elenchus_citation::{Kind, Options, Source, Status, check};
use proptest::collection::vec;
use proptest::prelude::*;

const DOCUMENT: &str = include_str!("../../../examples/ferpa-subpart-d.txt");

/// What quotes and citations are made of, and what breaks readers of them.
const PIECES: [&str; 49] = [
    "“",
    "”",
    "\"",
    "'",
    "’",
    "„",
    "«",
    "»",
    "> ",
    "\n\n",
    "\n",
    " ",
    "…",
    "...",
    ". . .",
    "[",
    "]",
    "(",
    ")",
    "[1]",
    "[sic]",
    "[T]he",
    "410 U.S. 113",
    "Id.",
    " at ",
    "supra",
    "§",
    "¶",
    "15 U.S.C. § 78u-4(b)",
    "Roe v. Wade, ",
    "(1973)",
    "(9th Cir. 19",
    "Fed. R. Civ. P. 12(b)",
    "ECF No. ",
    "[2019] UKSC",
    "Art. 6",
    "Case C-3",
    "not",
    "shall pay the rent",
    "obli-\ngation",
    "\u{ad}",
    "\u{200b}",
    "e\u{301}",
    "ﬁ",
    "12 000",
    "$1.5 million",
    "甲方",
    "\x0c",
    "ʼ",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => (0..PIECES.len()).prop_map(|at| PIECES[at].to_owned()),
        1 => any::<String>(),
        1 => "[a-zA-Z0-9 .,]{0,12}",
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_answer_is_checked_to_its_end(answer in text(), source in text()) {
        let sources = [Source::new("a", source.as_str()).with_marker("[1]")];
        let report = check(&answer, &sources, &Options::default());
        let (answer_chars, source_chars) = (answer.chars().count(), source.chars().count());
        for item in &report.items {
            prop_assert!(item.span.start_char <= item.span.end_char && item.span.end_char <= answer_chars);
            for place in &item.locations {
                prop_assert!(place.start_char < place.end_char && place.end_char <= source_chars);
            }
        }
    }

    /// Real text in pieces cut anywhere, with bytes among them that do not belong there.
    #[test]
    fn documents_damaged_in_any_way_are_read(
        pieces in vec((0..DOCUMENT.len(), 0..400_usize, vec(any::<u8>(), 0..6)), 1..12),
    ) {
        let mut bytes = Vec::new();
        for (at, length, odd) in pieces {
            bytes.extend_from_slice(&DOCUMENT.as_bytes()[at..(at + length).min(DOCUMENT.len())]);
            bytes.extend(odd);
        }
        let damaged = String::from_utf8_lossy(&bytes);
        let answer = format!("It says “{damaged}” [1].\n\n> {damaged}");
        let source = [Source::new("a", &*damaged).with_marker("[1]")];
        let chars = answer.chars().count();
        for item in check(&answer, &source, &Options::default()).items {
            prop_assert!(item.span.end_char <= chars);
        }
    }

    /// By another way than the check's own: letters and digits in a row, and nothing else.
    #[test]
    fn what_is_verbatim_stands_in_the_source(quote in text(), source in text()) {
        let answer = format!("> {}", quote.replace('\n', " "));
        let plain = |text: &str| -> String {
            let folded = text.replace('ﬁ', "fi").replace("e\u{301}", "é");
            folded.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let report = check(&answer, &[Source::new("a", source.as_str())], &Options::default());
        for item in report.items.iter().filter(|item| item.kind == Kind::Quote) {
            if item.status == Status::Verbatim {
                prop_assert!(plain(&source).contains(&plain(&item.text)), "{:?} in {:?}", item.text, source);
            }
        }
    }
}
