//! Codes of the states by their names and subjects: `Cal. Penal Code § 187`, `N.Y. Gen. Bus. Law § 349`.

use super::Citation;
use super::code::signed;
use super::cursor::Cursor;
use crate::report::CitationKind;

/// How a state's code begins.
const STATES: [&str; 66] = [
    "Ala.",
    "Alaska",
    "Ariz.",
    "Ark.",
    "Cal.",
    "California",
    "Colo.",
    "Conn.",
    "D.C.",
    "Del.",
    "Fla.",
    "Florida",
    "Ga.",
    "Georgia",
    "Haw.",
    "Idaho",
    "Ill.",
    "Illinois",
    "Ind.",
    "Iowa",
    "Kan.",
    "Ky.",
    "La.",
    "Mass.",
    "Massachusetts",
    "Md.",
    "Maryland",
    "Me.",
    "Mich.",
    "Michigan",
    "Minn.",
    "Minnesota",
    "Miss.",
    "Mo.",
    "Mont.",
    "N.C.",
    "N.D.",
    "N.H.",
    "N.J.",
    "New Jersey",
    "N.M.",
    "N.Y.",
    "New York",
    "Neb.",
    "Nev.",
    "Nevada",
    "Ohio",
    "Okla.",
    "Or.",
    "Oregon",
    "P.R.",
    "Pa.",
    "Pennsylvania",
    "R.I.",
    "S.C.",
    "S.D.",
    "Tenn.",
    "Tex.",
    "Texas",
    "Utah",
    "Va.",
    "Virginia",
    "Vt.",
    "W. Va.",
    "Wash.",
    "Wis.",
];
/// What such a name says that it is.
const LAWS: [&str; 11] = [
    "Code", "Law", "Laws", "Stat.", "Stats.", "Statutes", "Rev.", "Proc.", "Act", "Regs.", "Admin.",
];
/// Small words in it.
const INNER: [&str; 5] = ["&", "of", "and", "the", "on"];
/// The longest name of a code.
const MAX_BYTES: usize = 90;

/// A code that is named with its state, up to the sign of its section: without that sign a number behind
/// these words is any number.
pub(super) fn state_code(mut cursor: Cursor<'_>) -> Option<Citation> {
    STATES.iter().find(|state| cursor.begins_like(state) && cursor.eat_words(state))?;
    let mut is_law = false;
    loop {
        cursor.space();
        let from = cursor.at;
        let word = cursor.take_while(|byte| byte.is_ascii_alphabetic() || b".&'-".contains(&byte));
        let is_word = INNER.contains(&word) || word.starts_with(|c: char| c.is_ascii_uppercase());
        if !is_word || is_sign(word) || cursor.at - cursor.start > MAX_BYTES {
            cursor.at = from;
            break;
        }
        is_law |= LAWS.contains(&word);
        // `Md. Code Ann., Com. Law § 1-101`.
        let mut after = cursor;
        if after.eat(",") && after.space() && after.peek().is_some_and(|b| b.is_ascii_uppercase()) {
            cursor = after;
        }
    }
    let name =
        cursor.text[cursor.start..cursor.at].split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name.trim_end_matches(',');
    let kind = match name.contains("Admin.") || name.contains("Regs.") {
        true => CitationKind::Regulation,
        false => CitationKind::Statute,
    };
    if is_law { signed(cursor, kind, name) } else { None }
}

/// A word that stands for the sign of a section.
fn is_sign(word: &str) -> bool {
    matches!(word, "Section" | "Sections" | "Sec.")
}
