//! What is known of a legal citation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a legal citation says, and what is known of it. Never whether it is good law, or supports anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which kind of authority it names.
    pub kind: CitationKind,
    /// The volume, title or number before the abbreviation.
    pub volume: String,
    /// The usual abbreviation of the reporter, code, rules or document.
    pub reporter: String,
    /// The page, section, rule, paragraph or article.
    pub page: String,
    /// Where in it.
    pub pincite: String,
    /// The parties.
    pub case_name: String,
    /// The court, as it is written.
    pub court: String,
    /// The year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// What else is said in parentheses.
    pub parenthetical: String,
    /// The item that `id.`, `supra` or a short form means. Absent when it means none that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers_to: Option<usize>,
    /// Why it cannot be right. Empty when nothing known speaks against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implausible: Vec<Implausible>,
    /// The case's name beside that in the source that cites the same place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_name_in_source: Option<Comparison>,
    /// The year beside the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_in_source: Option<Comparison>,
    /// The court beside the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub court_in_source: Option<Comparison>,
}

impl Facts {
    /// Whether a source that cites the same says otherwise of it.
    pub(super) fn differ(&self) -> bool {
        [self.case_name_in_source, self.year_in_source, self.court_in_source]
            .contains(&Some(Comparison::Differs))
    }
}

/// Which kind of authority a citation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationKind {
    /// A decision in full: `410 U.S. 113`.
    Case,
    /// A decision in short: `410 U.S. at 153`.
    ShortCase,
    /// The authority before it.
    Id,
    /// An authority cited further up.
    Supra,
    /// A statute: `15 U.S.C. § 78u-4`.
    Statute,
    /// A regulation: `17 C.F.R. § 240.10b-5`.
    Regulation,
    /// A rule of procedure or evidence: `Fed. R. Civ. P. 12(b)(6)`.
    Rule,
    /// A constitution: `U.S. Const. amend. XIV`.
    Constitution,
    /// An article: `100 Harv. L. Rev. 1`.
    Article,
    /// A document of the record: `ECF No. 45 at 3`.
    Record,
    /// A neutral citation: `[2019] UKSC 41`.
    Neutral,
    /// European law: `Case C-311/18`, `Art. 6(1)(f) GDPR`.
    European,
}

/// Why a citation cannot be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Implausible {
    /// There is no volume of that number.
    Volume,
    /// There is no page of that number.
    Page,
    /// The year is still to come, or no year.
    Year,
    /// The edition, or its volume, did not report decisions of that year.
    EditionYear,
    /// The court did not sit in that year.
    CourtYear,
    /// There is no such court, or the reporter does not report it.
    Court,
}

impl fmt::Display for Implausible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volume => "there is no volume of that number",
            Self::Page => "there is no page of that number",
            Self::Year => "that year is still to come, or none",
            Self::EditionYear => "the volume did not report decisions of that year",
            Self::CourtYear => "the court did not sit in that year",
            Self::Court => "there is no such court, or the reporter does not report it",
        })
    }
}

/// How what a citation says compares with what a source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The same.
    Same,
    /// Something else.
    Differs,
}
