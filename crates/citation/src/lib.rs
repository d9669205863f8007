//! Holds the quotes and citations of an answer against its sources. It knows no service, no model and
//! no network: texts in, a report out.
//!
//! ```
//! use elenchus_citation::{Options, Source, Status, check};
//!
//! let lease = Source::new("lease", "The Tenant shall not sublet the premises without consent.");
//! let answer = "The lease says that \"The Tenant shall sublet the premises without consent\".";
//! let report = check(answer, &[lease], &Options::default());
//! assert_eq!(report.items[0].status, Status::Altered);
//! ```
//!
//! A quote is [`Status::Verbatim`] only when each of its words and marks stands in one source, one after
//! the other, from the beginning of a word to the end of one. Case, white space, hyphens at line ends,
//! ligatures and the glyphs of quotes and dashes are folded; digits, words and other marks never are. What
//! differs is [`Status::Altered`], with the smallest change of words. What leaves something out and says so
//! is [`Status::VerbatimElided`], with the text left out and whether it hides a negation, an exception or a
//! condition.
//!
//! The report states facts. It never says that a source supports an answer, or that a case is good law.

mod answer;
mod authority;
mod check;
mod furniture;
mod legal;
mod quote;
mod report;
mod source;

pub use self::check::{Options, check, citations};
pub use self::report::{
    Change, CitationKind, Comparison, Facts, Gap, GapPlace, Hidden, Implausible, Item, Kind,
    Location, Reason, Report, Span, Status,
};
pub use self::source::Source;
