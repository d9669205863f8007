//! Which reporters, codes, journals and courts there are: Free Law Project's reporters-db and courts-db,
//! vendored by `scripts/vendor-citation-data` with their licences.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cursor::space_bytes;

const VENDORED: &str = include_str!("../../data/reporters.tsv");
/// Spellings that the vendored table lacks.
const ADDITIONS: &str = include_str!("../../data/additions.tsv");

static REPORTERS: LazyLock<Reporters> = LazyLock::new(|| Reporters::read(&[VENDORED, ADDITIONS]));
static COURTS: LazyLock<HashMap<String, Court>> =
    LazyLock::new(|| courts(include_str!("../../data/courts.tsv")));

/// What a publication holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Decisions.
    Cases,
    /// Statutes, by section.
    Statutes,
    /// Regulations, by section.
    Regulations,
    /// Laws as they were passed, and registers, by page.
    Sessions,
    /// Articles.
    Articles,
}

/// An edition of a reporter, code or journal.
#[derive(Debug)]
pub(super) struct Edition {
    /// Its usual abbreviation.
    pub(super) name: &'static str,
    pub(super) holds: Holds,
    /// The first and last year that it reports, where known.
    pub(super) years: [Option<u16>; 2],
}

/// A court, by how it is cited.
#[derive(Debug)]
pub(super) struct Court {
    /// The id that Free Law Project gives it.
    pub(super) id: &'static str,
    pub(super) years: [Option<u16>; 2],
}

/// Abbreviations without their spaces, as a tree of bytes.
pub(super) struct Reporters {
    editions: Vec<Edition>,
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    /// Sorted by byte.
    children: Vec<(u8, u32)>,
    /// Several editions may share an abbreviation.
    editions: Vec<u32>,
}

impl Reporters {
    fn read(tables: &[&'static str]) -> Self {
        let mut reporters = Self { editions: Vec::new(), nodes: vec![Node::default()] };
        for line in tables.iter().flat_map(|table| table.lines()) {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let [kind, name, start, end, spellings] = fields[..] else {
                continue;
            };
            let Some(holds) = holds(kind) else { continue };
            let edition = reporters.editions.len() as u32;
            reporters.editions.push(Edition {
                name,
                holds,
                years: [start.parse().ok(), end.parse().ok()],
            });
            for spelling in spellings.split('|') {
                reporters.add(spelling, edition);
            }
        }
        reporters
    }

    fn add(&mut self, spelling: &str, edition: u32) {
        let mut node = 0;
        for byte in spelling.bytes().filter(|byte| *byte != b' ') {
            let place = self.nodes[node].children.binary_search_by_key(&byte, |(byte, _)| *byte);
            node = match place {
                Ok(at) => self.nodes[node].children[at].1 as usize,
                Err(at) => {
                    let new = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[node].children.insert(at, (byte, new as u32));
                    new
                }
            };
        }
        if !self.nodes[node].editions.contains(&edition) {
            self.nodes[node].editions.push(edition);
        }
    }

    /// The longest abbreviations that the text begins with, the longest first, with where each ends.
    pub(super) fn find(&'static self, text: &[u8]) -> Vec<(usize, &'static [u32])> {
        let (mut node, mut found) = (0, Vec::new());
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let space = if byte == b'\n' { 1 } else { space_bytes(&text[at..]) };
            if space > 0 && at > 0 {
                at += space;
                continue;
            }
            let children = &self.nodes[node].children;
            let Ok(child) = children.binary_search_by_key(&byte, |(byte, _)| *byte) else {
                break;
            };
            node = children[child].1 as usize;
            let editions = &self.nodes[node].editions;
            at += 1;
            let next = text.get(at);
            if !editions.is_empty() && !next.is_some_and(u8::is_ascii_alphabetic) {
                found.push((at, editions.as_slice()));
            }
        }
        found.reverse();
        found
    }

    pub(super) fn edition(&self, number: u32) -> &Edition {
        &self.editions[number as usize]
    }
}

fn holds(kind: &str) -> Option<Holds> {
    Some(match kind {
        "journal" => Holds::Articles,
        "leg_statute" | "municipal" => Holds::Statutes,
        "admin_compilation" => Holds::Regulations,
        "leg_session" | "leg_act" | "admin_register" => Holds::Sessions,
        "admin_docket" | "admin_filing" => return None,
        _ => Holds::Cases,
    })
}

fn courts(table: &'static str) -> HashMap<String, Court> {
    let row = |line: &'static str| {
        let fields: Vec<&'static str> = line.split('\t').collect();
        let [name, id, start, end] = fields[..] else {
            return None;
        };
        Some((squeeze(name), Court { id, years: [start.parse().ok(), end.parse().ok()] }))
    };
    table.lines().filter_map(row).collect()
}

/// A court's name without its spaces.
fn squeeze(name: &str) -> String {
    name.replace('’', "'").split_whitespace().collect()
}

/// Every reporter, code and journal.
pub(super) fn reporters() -> &'static Reporters {
    &REPORTERS
}

/// The court that is cited so.
pub(super) fn court(name: &str) -> Option<&'static Court> {
    let courts: &'static HashMap<String, Court> = &COURTS;
    courts.get(&squeeze(name))
}
