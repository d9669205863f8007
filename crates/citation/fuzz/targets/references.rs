//! Full citations and what refers to them, in any order: each byte is one of the pieces.

#![no_main]

use elenchus_citation::{CitationKind, Options, citations};
use elenchus_citation_fuzz::stands;
use libfuzzer_sys::fuzz_target;

const PIECES: [&str; 32] = [
    "Roe v. Wade, ",
    "410 U.S. 113",
    " (1973)",
    "Id.",
    "Id. at 5",
    "Ibid. ",
    "Roe, supra",
    ", at 5",
    "410 U.S. at 120",
    "; ",
    ". ",
    ", ",
    "See ",
    "15 U.S.C. § 78u-4",
    "17 C.F.R. § 240.10b-5",
    "Fed. R. Civ. P. 12(b)(6)",
    "§ 4",
    "¶ 3",
    "In re Doe, ",
    "12 F.3d 34",
    " (9th Cir. 1994)",
    ", 45-46 & n.3",
    " [1]",
    "\n",
    "\n\n",
    "Compl. ¶ 14",
    "ECF No. 45",
    "[2019] UKSC 41",
    "Case C-311/18",
    "“",
    "”",
    "é",
];

fuzz_target!(|data: &[u8]| {
    let text: String = data.iter().map(|byte| PIECES[usize::from(*byte) % PIECES.len()]).collect();
    let items = citations(&text, &Options::default());
    stands(&items, &text);
    for item in &items {
        let Some(facts) = &item.facts else { continue };
        let is_full =
            !matches!(facts.kind, CitationKind::Id | CitationKind::Supra | CitationKind::ShortCase);
        assert!(!(is_full && facts.refers_to.is_some()), "{item:?}");
        let meant = facts.refers_to.and_then(|meant| items[meant].facts.as_ref());
        assert!(
            meant.is_none_or(|meant| meant.refers_to.is_none()),
            "what is meant is an authority: {item:?}"
        );
    }
});
