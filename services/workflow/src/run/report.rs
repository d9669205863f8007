//! The output of a run, made for a person: what was looked for, what was found with its exact place,
//! and what was not found.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::passage::Citation;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Material {
    title: String,
    documents: Vec<Value>,
    sections: Vec<SectionMaterial>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionMaterial {
    topic: String,
    text: String,
    model: String,
    citations: Vec<Citation>,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    title: String,
    summary: String,
    /// What was read.
    documents: Vec<Value>,
    sections: Vec<Section>,
    findings: Vec<Finding>,
    /// The topics on which no quote was found.
    missing: Vec<String>,
    /// Who wrote the sections.
    models: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Section {
    topic: String,
    is_found: bool,
    text: String,
    quote_count: usize,
}

/// A quote and its place. `start_char` and `end_char` count Unicode characters of the document's text.
#[derive(Debug, Serialize)]
struct Finding {
    topic: String,
    quote: String,
    filename: String,
    page: Option<i32>,
    start_char: i32,
    end_char: i32,
    document_id: String,
    chunk_id: String,
}

impl Report {
    pub(super) fn of(material: Material) -> Self {
        let Material { title, documents, sections } = material;
        let mut models: Vec<String> = sections
            .iter()
            .map(|section| section.model.clone())
            .filter(|model| !model.is_empty())
            .collect();
        models.sort();
        models.dedup();

        let (mut rows, mut findings, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for SectionMaterial { topic, text, citations, .. } in sections {
            let quotes = quotes(&topic, citations);
            if quotes.is_empty() {
                missing.push(topic.clone());
            }
            let (is_found, quote_count) = (!quotes.is_empty(), quotes.len());
            rows.push(Section { topic, is_found, text, quote_count });
            findings.extend(quotes);
        }
        let summary = summary(rows.len(), findings.len(), &missing);
        Self { title, summary, documents, sections: rows, findings, missing, models }
    }
}

/// The citations of a section as findings, each place once.
fn quotes(topic: &str, citations: Vec<Citation>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for citation in citations {
        let is_known = findings.iter().any(|finding| {
            finding.document_id == citation.document_id
                && (finding.start_char, finding.end_char)
                    == (citation.start_char, citation.end_char)
        });
        if !is_known {
            findings.push(Finding {
                topic: topic.to_owned(),
                quote: citation.quote,
                filename: citation.filename,
                page: citation.page,
                start_char: citation.start_char,
                end_char: citation.end_char,
                document_id: citation.document_id,
                chunk_id: citation.chunk_id,
            });
        }
    }
    findings
}

fn summary(topics: usize, quotes: usize, missing: &[String]) -> String {
    let found = topics - missing.len();
    let quotes = if quotes == 1 { "1 quote".to_owned() } else { format!("{quotes} quotes") };
    let mut summary = format!("Found {found} of {topics} topics, with {quotes}.");
    if !missing.is_empty() {
        summary.push_str(&format!(" Nothing was found on: {}.", missing.join(", ")));
    }
    summary
}
