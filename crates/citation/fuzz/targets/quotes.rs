//! An answer and its source, parted by the first zero byte: what is called verbatim is.

#![no_main]

use elenchus_citation::{Kind, Options, Source, check};
use elenchus_citation_fuzz::{is_true, lies_within, stands};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (answer, source) = text.split_once('\0').unwrap_or((&text, &text));
    let sources = [Source::new("a", source).with_marker("[1]")];
    let report = check(answer, &sources, &Options::default());
    stands(&report.items, answer);
    for item in &report.items {
        lies_within(&item.locations, source);
        if item.kind == Kind::Quote {
            is_true(item, source);
        }
    }
});
