//! What an analysis and a brief consist of.

use uuid::Uuid;

use super::instruction::{ANALYSIS, BRIEF, Instruction};
use super::part::Given;
use crate::domain::{Analysis, Brief, Source, Subject};

/// Work to do.
pub(crate) struct Task {
    pub(super) kind: Kind,
    /// What the whole is about, in words for a model.
    pub(super) subject: String,
    pub(super) sections: Vec<Section>,
    pub(super) given: Vec<Given>,
}

/// What the work comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Analysis,
    Brief,
}

/// A heading and what is to stand below it.
pub(super) struct Section {
    pub(super) title: String,
    /// What it says, in words for a model.
    pub(super) aim: String,
    pub(super) offline: Offline,
}

/// What stands below a heading where there is no language model.
pub(super) enum Offline {
    /// Quotes that hold some of these words.
    Topic(&'static str),
    /// Quotes that answer each of these questions.
    Questions(Vec<String>),
    /// These words.
    Words(String),
}

impl Kind {
    pub(super) fn instruction(self) -> &'static Instruction {
        match self {
            Self::Analysis => &ANALYSIS,
            Self::Brief => &BRIEF,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Brief => "brief",
        }
    }
}

/// Of an analysis: the heading, its aim, and the words that such passages hold.
const ANALYSED: [[&str; 3]; 5] = [
    [
        "Document Type and Purpose",
        "what kind of document it is, who its parties or addressees are, and what it is for",
        "agreement contract lease license policy statute regulation notice complaint appeal entered between \
         party purpose whereas hereby effective dated",
    ],
    [
        "Key Legal Concepts and Terms",
        "the legal concepts it rests on, and its defined terms with their definitions",
        "means defined definition term meaning refers interpretation includes",
    ],
    [
        "Important Clauses or Provisions",
        "its most important provisions: rights, duties, payment, liability, term, termination, law and courts",
        "payment pay fee liability indemnify warranty terminate termination renewal confidential assign govern \
         law jurisdiction obligation grant rights",
    ],
    [
        "Potential Issues or Concerns",
        "what is unclear, one-sided, missing, contradictory, risky or perhaps unenforceable, and for whom",
        "breach default penalty damages waive waiver exclude exclusion limitation disclaim sole discretion \
         without notice forfeit except notwithstanding void",
    ],
    [
        "Recommendations for Review",
        "what a lawyer should review or negotiate next, with the deadlines and consents that it names",
        "deadline days notice written consent approval prior amend cure remedy within expire",
    ],
];

impl Task {
    /// The documents that it reads.
    pub(super) fn documents(&self) -> Vec<Uuid> {
        let document = |given: &Given| match given {
            Given::Document(id) => Some(*id),
            Given::Text { .. } => None,
        };
        self.given.iter().filter_map(document).collect()
    }

    /// An analysis of one text.
    pub(crate) fn analysis(analysis: Analysis) -> Self {
        let Analysis { subject, focus, questions } = analysis;
        let mut sections: Vec<Section> = ANALYSED
            .iter()
            .map(|[title, aim, words]| Section {
                title: (*title).to_owned(),
                aim: (*aim).to_owned(),
                offline: Offline::Topic(words),
            })
            .collect();
        if !questions.is_empty() {
            sections.push(Section {
                title: "Questions".to_owned(),
                aim: format!("an answer to each of these questions:\n{}", list(&questions)),
                offline: Offline::Questions(questions.clone()),
            });
        }
        let asked = match questions.is_empty() {
            true => String::new(),
            false => format!(" It also answers these questions:\n{}", list(&questions)),
        };
        let given = match subject {
            Subject::Document(id) => Given::Document(id),
            Subject::Text(content) => Given::Text { name: "text".to_owned(), content },
        };
        Self {
            kind: Kind::Analysis,
            subject: format!("The work: a {focus} analysis of a legal text.{asked}"),
            sections,
            given: vec![given],
        }
    }

    /// A brief on the issues of a case.
    pub(crate) fn brief(brief: Brief) -> Self {
        let Brief { facts, issues, sources, document_ids } = brief;
        let subject = format!("The work: a legal brief on these issues:\n{}", list(&issues));
        let sections = brief_sections(&facts, &issues);
        let facts = Given::Text { name: "case facts".to_owned(), content: facts };
        let texts = sources.iter().zip(1..).map(|(source, number)| Given::Text {
            name: Source::name(number),
            content: source.as_str().to_owned(),
        });
        let documents = document_ids.into_iter().map(Given::Document);
        let given = [facts].into_iter().chain(texts).chain(documents).collect();
        Self { kind: Kind::Brief, subject, sections, given }
    }
}

fn brief_sections(facts: &str, issues: &[String]) -> Vec<Section> {
    let section = |title: &str, aim: &str, offline| Section {
        title: title.to_owned(),
        aim: aim.to_owned(),
        offline,
    };
    vec![
        section(
            "Statement of Facts",
            "the facts that matter to the issues, in order of time, and which of them are disputed or unknown",
            Offline::Words(format!("The facts as they were given:\n\n{facts}")),
        ),
        section(
            "Issues Presented",
            "each issue as one precise question of law",
            Offline::Words(list(issues)),
        ),
        section(
            "Legal Analysis",
            "issue by issue: the rule with its authority, how it applies to the facts, and the best counter-argument",
            Offline::Questions(issues.to_vec()),
        ),
        section(
            "Conclusion",
            "the answer to each issue, and how sure it is",
            Offline::Words(
                "The extractive model draws no conclusions; the passages quoted above bear upon the issues."
                    .to_owned(),
            ),
        ),
        section(
            "Recommended Actions",
            "what to do next, with the deadlines that the sources name",
            Offline::Topic("must shall days within deadline notice file serve appeal respond demand"),
        ),
    ]
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {}\n", line.trim())).collect()
}
