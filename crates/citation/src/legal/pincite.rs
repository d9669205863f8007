//! Where in an authority: the pages behind its first.

use super::cursor::Cursor;
use super::data::reporters;

pub(super) fn page_sign(cursor: &mut Cursor<'_>) {
    if cursor.eat("pp.") || cursor.eat("p.") {
        cursor.space();
    }
}

/// Pages behind a comma, unless they are the volume of another citation.
pub(super) fn pincite<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let mut next = *cursor;
    let is_led =
        next.eat(",") | next.space() & (next.eat_words("at") || next.bytes().starts_with(b"n."));
    next.space();
    next.eat_words("at");
    next.space();
    page_sign(&mut next);
    if !is_led || is_volume(next) {
        return None;
    }
    let from = next.at;
    next.pages()?;
    loop {
        let mut more = next;
        if !(more.eat(",") && more.space()) || is_volume(more) || more.pages().is_none() {
            break;
        }
        next = more;
    }
    *cursor = next;
    Some(&cursor.text[from..cursor.at])
}

/// Whether another citation begins here.
fn is_volume(mut cursor: Cursor<'_>) -> bool {
    if cursor.digits().is_empty() || !cursor.space() {
        return false;
    }
    let ends = |length: &usize| cursor.bytes().get(*length).is_some_and(u8::is_ascii_whitespace);
    reporters().find(cursor.bytes()).iter().any(|(length, _)| ends(length))
}
