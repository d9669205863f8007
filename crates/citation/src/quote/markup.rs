//! Markup of answers: what a reader sees of it is its text. Signs that change what is said stay, so that
//! nothing struck out or raised becomes a word of the quote.

/// Tags that change only how their text looks.
const SILENT: [&str; 13] =
    ["b", "strong", "i", "em", "u", "mark", "span", "small", "cite", "q", "a", "code", "font"];
/// Tags that part words.
const PARTING: [&str; 4] = ["br", "p", "div", "li"];
const ENTITIES: [(&str, char); 27] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("shy", '\u{ad}'),
    ("sect", '§'),
    ("para", '¶'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("middot", '·'),
    ("bull", '•'),
    ("euro", '€'),
    ("pound", '£'),
    ("copy", '©'),
];
const MAX_ENTITY_BYTES: usize = 10;
const MAX_TAG_BYTES: usize = 400;

/// What a reader sees of a text: tags that only change its looks, addresses of links, signs of code and
/// escapes gone, and entities read. `None` when it has none of them.
pub(super) fn shown(text: &str) -> Option<String> {
    if !text.contains(['<', '&', '[', '`', '\\']) {
        return None;
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&', '[', ']', '`', '\\']) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let (piece, length) = piece(rest, shown.chars().next_back());
        shown.push_str(piece.as_str());
        rest = &rest[length..];
    }
    shown.push_str(rest);
    (shown != text).then_some(shown)
}

enum Piece<'a> {
    Text(&'a str),
    Char([u8; 4], usize),
}

impl Piece<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Char(bytes, length) => std::str::from_utf8(&bytes[..*length]).unwrap_or_default(),
        }
    }
}

/// What stands for the sign that a text begins with, and how many bytes of it are read.
fn piece(rest: &str, before: Option<char>) -> (Piece<'_>, usize) {
    let read = match rest.as_bytes()[0] {
        b'<' => tag(rest),
        b'&' => entity(rest).map(|(c, length)| {
            let mut bytes = [0; 4];
            let used = c.encode_utf8(&mut bytes).len();
            (Piece::Char(bytes, used), length)
        }),
        b'[' => link_text(rest).map(|inner| (Piece::Text(inner), inner.len() + 1)),
        b']' => address(rest).map(|length| (Piece::Text(""), length)),
        // In a word it is an apostrophe.
        b'`' => {
            let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let is_apostrophe = is_inside(before) && is_inside(rest[1..].chars().next());
            (!is_apostrophe).then_some((Piece::Text(""), 1))
        }
        _ => escaped(rest).map(|c| (Piece::Text(c), 1 + c.len())),
    };
    read.unwrap_or((Piece::Text(&rest[..1]), 1))
}

fn tag(rest: &str) -> Option<(Piece<'_>, usize)> {
    let end = rest.bytes().take(MAX_TAG_BYTES).position(|byte| byte == b'>')?;
    let name = rest[1..end].trim_start_matches('/');
    let name = name.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let shown = if is(&PARTING) { " " } else { "" };
    (is(&PARTING) || is(&SILENT)).then_some((Piece::Text(shown), end + 1))
}

/// The character that an entity at the beginning of a text stands for, and the entity's bytes.
pub(crate) fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.bytes().take(MAX_ENTITY_BYTES + 2).position(|byte| byte == b';')?;
    let name = rest.get(1..end)?;
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
        None => ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| u32::from(*c)),
    };
    let c = char::from_u32(code?).filter(|c| !c.is_control())?;
    Some((c, end + 1))
}

/// The text of a link whose bracket a text begins with. Its own signs are read after it.
fn link_text(rest: &str) -> Option<&str> {
    let close = rest.find(']')?;
    address(&rest[close..])?;
    let inner = &rest[1..close];
    (!inner.contains(['[', '<', '&', '`', '\\'])).then_some(inner)
}

/// The bytes of `](…)`.
fn address(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("](")?;
    let end = inner.bytes().take(MAX_TAG_BYTES).position(|byte| byte == b')' || byte == b'\n')?;
    let address = &inner[..end];
    let is_address = address.contains("://") || address.starts_with(['/', '#']);
    (inner.as_bytes()[end] == b')' && is_address).then_some(end + 3)
}

/// The sign that a backslash shows as itself.
fn escaped(rest: &str) -> Option<&str> {
    rest.get(1..2).filter(|c| c.as_bytes()[0].is_ascii_punctuation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_read_as_it_is_seen() {
        for (text, expected) in [
            ("shall <b>not</b> be<br>due", "shall not be due"),
            ("the [Tenant](https://a.example/b) pays", "the Tenant pays"),
            ("&sect;&nbsp;12 &#38; &#x201c;Fee&rdquo;", "§ 12 & “Fee”"),
            ("the `Fee` is 5 \\* 3", "the Fee is 5 * 3"),
            ("the lessee`s `own` use", "the lessee`s own use"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_changes_the_meaning_is_no_mere_markup() {
        for text in [
            "10<sup>2</sup> m",
            "shall <del>not</del> pay",
            "a < b > c",
            "AT&T; [sic] (x)",
            "5 \\ 3",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
