//! How fast quotes are held against a source, and citations read, on one core. Prints JSON.
//!
//! `speed MEGABYTES FILE` writes the text that it measures to a file too, for others to read.

#![expect(clippy::print_stdout, reason = "the program's one answer")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use elenchus_citation::{Kind, Options, Source, Status, check, citations};

const WORDS: &str = include_str!("../../../examples/ferpa-subpart-d.txt");
/// Words between two citations: an opinion of a court has about as many.
const BETWEEN: u64 = 60;
const CITED: [&str; 8] = [
    "Roe v. Wade, 410 U.S. 113, 153 (1973)",
    "Smith v. Jones, 345 F.3d 678, 680-81 (9th Cir. 2003)",
    "15 U.S.C. § 78u-4(b)(2)",
    "17 C.F.R. § 240.10b-5",
    "Id. at 155",
    "410 U.S. at 153",
    "Fed. R. Civ. P. 12(b)(6)",
    "In re Acme Corp., 12 F. Supp. 2d 34 (S.D.N.Y. 1998)",
];
const QUOTED: [&str; 4] = [
    "the Supplier shall not be liable for any indirect or consequential loss arising under this agreement",
    "aggregate liability of both parties together shall never exceed one million five hundred thousand dollars",
    "Nothing in this clause limits liability for fraud or for death caused by negligence of either party",
    "the restriction in clause twelve shall survive termination for a period of two years thereafter",
];
const ALTERED: &str = "the Supplier shall be liable for any indirect or consequential loss arising under this agreement";
const ROUNDS: usize = 5;

/// A generator of numbers that is the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Words as often as a regulation has them, in an order that none has, with citations among them.
fn text(bytes: usize, has_citations: bool) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(bytes + 256);
    while text.len() < bytes {
        if has_citations && numbers.below(BETWEEN) == 0 {
            text.push_str(CITED[numbers.below(CITED.len() as u64) as usize]);
            text.push_str(". ");
        }
        text.push_str(words[numbers.below(words.len() as u64) as usize]);
        text.push(if numbers.below(12) == 0 { '\n' } else { ' ' });
    }
    text
}

/// The shortest of several rounds.
fn best(mut work: impl FnMut()) -> Duration {
    let round = |_| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let megabytes: usize = arguments.next().and_then(|word| word.parse().ok()).unwrap_or(16);
    let mut source = text(megabytes << 20, false);
    for quote in QUOTED {
        source.push_str(quote);
        source.push_str(". ");
    }
    let answer = QUOTED.iter().chain([&ALTERED]).map(|quote| format!("It says “{quote}”. "));
    let answer: String = answer.collect();
    let source = [Source::new("source", source.as_str())];
    let bytes = source[0].text().map_or(0, str::len);
    let quotes = best(|| {
        let report = check(&answer, black_box(&source), &Options::default());
        let found = report.items.iter().filter(|item| item.status == Status::Verbatim).count();
        assert_eq!((report.items.len(), found), (QUOTED.len() + 1, QUOTED.len()));
    });

    let cited = text(megabytes << 20, true);
    let mut count = 0;
    let legal = best(|| {
        let found = citations(black_box(&cited), &Options::default());
        count = found.iter().filter(|item| item.kind == Kind::LegalCitation).count();
    });
    if let Some(file) = arguments.next() {
        std::fs::write(file, &cited).expect("the file can be written");
    }
    let rate = |bytes: usize, time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{{\"quotes_mb_s\": {:.1}, \"citations_mb_s\": {:.1}, \"citations\": {count}, \"bytes\": {}}}",
        rate(bytes, quotes),
        rate(cited.len(), legal),
        cited.len()
    );
}
