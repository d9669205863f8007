//! Any text has the legal citations that it says it has.

#![no_main]

use elenchus_citation::{Options, citations};
use elenchus_citation_fuzz::stands;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    stands(&citations(&text, &Options::default()), &text);
});
