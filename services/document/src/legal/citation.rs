//! The authorities that a document cites.

use elenchus_citation::{CitationKind, Options, citations};

/// A citation of a document.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Cited {
    /// Its place among the document's citations, from 0.
    pub citation_index: i32,
    /// Which kind of authority it names, such as `case`.
    pub kind: String,
    /// As it is written.
    pub content: String,
    /// As it is looked for. Empty for what refers to another citation, such as `id.`.
    pub normalized: String,
    /// The parties, where it names them.
    pub case_name: String,
    /// The court, as it is written.
    pub court: String,
    /// The year.
    pub year: Option<i32>,
    /// Where it starts in the document's text, in characters.
    pub start_char: i32,
    /// Where it ends, exclusive.
    pub end_char: i32,
}

/// The citations of a text, in order.
pub fn cited(text: &str) -> Vec<Cited> {
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let items = citations(text, &Options::default());
    let cited = items.into_iter().filter_map(|item| Some((item.facts?, item.span, item.text)));
    cited
        .zip(0..)
        .map(|((facts, span, content), citation_index)| Cited {
            citation_index,
            kind: kind(facts.kind).to_owned(),
            content,
            normalized: match facts.kind {
                CitationKind::Id | CitationKind::Supra | CitationKind::ShortCase => String::new(),
                _ => key(&[&facts.volume, &facts.reporter, &facts.page]),
            },
            case_name: facts.case_name,
            court: facts.court,
            year: facts.year.map(i32::from),
            start_char: number(span.start_char),
            end_char: number(span.end_char),
        })
        .collect()
}

/// What a citation is looked for by: `410 U.S. 113` however it is spaced, and with whatever around it.
pub fn normalized(citation: &str) -> String {
    let found = cited(citation).into_iter().map(|cited| cited.normalized);
    found.into_iter().find(|key| !key.is_empty()).unwrap_or_else(|| key(&[citation]))
}

/// The authorities among citations as words of full text: each as it is looked for, and the whole sections
/// that hold a cited part, so that `42 u.s.c. 1983` finds `42 u.s.c. 1983(a)`.
pub(crate) fn authorities<'c>(cited: impl Iterator<Item = &'c Cited>) -> Vec<String> {
    let mut found = Vec::new();
    for one in cited.filter(|one| !one.normalized.is_empty()) {
        let mut authority = one.normalized.as_str();
        found.push(authority.to_owned());
        while let Some((above, _)) = authority.strip_suffix(')').and_then(|a| a.rsplit_once('(')) {
            authority = above.trim_end();
            if authority.is_empty() {
                break;
            }
            found.push(authority.to_owned());
        }
    }
    found
}

fn key(parts: &[&str]) -> String {
    let words = parts.iter().flat_map(|part| part.split_whitespace());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

fn kind(kind: CitationKind) -> &'static str {
    match kind {
        CitationKind::Case => "case",
        CitationKind::ShortCase => "short_case",
        CitationKind::Id => "id",
        CitationKind::Supra => "supra",
        CitationKind::Statute => "statute",
        CitationKind::Regulation => "regulation",
        CitationKind::Rule => "rule",
        CitationKind::Constitution => "constitution",
        CitationKind::Article => "article",
        CitationKind::Record => "record",
        CitationKind::Neutral => "neutral",
        CitationKind::European => "european",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_one_word_and_so_are_the_sections_above_it() {
        let found = cited("See 42 U.S.C. § 1983(a)(1) and Fed. R. Civ. P. 12(b)(6).");
        assert_eq!(
            authorities(found.iter()),
            [
                "42 u.s.c. 1983(a)(1)",
                "42 u.s.c. 1983(a)",
                "42 u.s.c. 1983",
                "fed. r. civ. p. 12(b)(6)",
                "fed. r. civ. p. 12(b)",
                "fed. r. civ. p. 12",
            ]
        );
    }

    #[test]
    fn an_authority_is_found_however_it_is_written() {
        let found = cited("As Roe v. Wade, 410 U.S. 113 (1973) said; see 15 U.S.C. § 78u-4.");
        let kinds: Vec<_> = found.iter().map(|cited| cited.kind.as_str()).collect();
        assert_eq!(kinds, ["case", "statute"]);
        assert_eq!(found[0].normalized, normalized("410  U. S. 113"));
        assert_eq!(found[0].year, Some(1973));
        assert_eq!(normalized("nothing of the kind"), "nothing of the kind");
    }
}
