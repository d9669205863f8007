//! What counts as the same when words are compared: case, ligatures, and the glyphs of quotes and
//! dashes. Digits are never folded: `²` is not `2`, and a compatibility form is another character.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The mark that every dash becomes.
pub(super) const DASH: char = '-';
/// The mark that every quotation mark becomes.
pub(super) const QUOTE: char = '\'';
/// The mark that three dots and more become.
pub(super) const ELLIPSIS: char = '…';
/// The soft hyphen: invisible where a line does not break at it, and a hyphen in some PDF fonts.
pub(super) const SOFT_HYPHEN: char = '\u{ad}';

/// Lower case of the bytes that ASCII words are made of; 0 for every other byte.
pub(super) const LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// Whether a word may hold it.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

/// Scripts that write no space between words: each character stands for itself.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// Characters that show nothing and part nothing. Those that turn the order of what is shown are not among
/// them.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202c}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{61c}')
}

/// Marks that stand inside a word for an apostrophe.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '′')
}

/// Quotation marks of every shape, single and double.
pub(super) fn is_quotation_mark(c: char) -> bool {
    is_apostrophe(c) || is_double_quotation_mark(c) || matches!(c, '‚' | '‛' | '‹' | '›')
}

/// Quotation marks that are doubled.
pub(crate) fn is_double_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '＂' | '❝' | '❞' | '״')
        || matches!(c, '「'..='』' | '〝'..='〟')
}

/// Dashes of every length, the minus, and the signs of lists, which are dashes as often.
pub(super) fn is_dash(c: char) -> bool {
    is_bullet(c)
        || matches!(
            c,
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
        )
}

/// Signs that begin an entry of a list.
fn is_bullet(c: char) -> bool {
    matches!(c, '•' | '‣' | '◦' | '⁃' | '▪' | '●' | '■' | '\u{f0b7}')
}

/// Dashes that part words where a hyphen joins them.
pub(super) fn is_long_dash(c: char) -> bool {
    is_bullet(c) || matches!(c, '\u{2014}' | '\u{2015}' | '\u{fe58}')
}

/// Signs that belong to the number beside them.
pub(super) fn is_part_of_number(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¥' | '¤' | '%' | '‰' | '‱' | '°' | '±' | '<' | '>' | '~')
        || matches!(u32::from(c), 0x20a0..=0x20cf | 0x2248 | 0x2264 | 0x2265 | 0x2032 | 0x2033)
}

/// Writes a word as it is compared.
pub(super) fn fold_word(word: &str, folded: &mut String) {
    if word.is_ascii() {
        folded.extend(word.chars().map(|c| match c {
            '`' => QUOTE,
            c => c.to_ascii_lowercase(),
        }));
        return;
    }
    let visible = word.chars().filter(|c| !is_invisible(*c) && *c != SOFT_HYPHEN);
    for c in visible.nfc() {
        match c {
            c if is_apostrophe(c) => folded.push(QUOTE),
            'ﬀ' => folded.push_str("ff"),
            'ﬁ' => folded.push_str("fi"),
            'ﬂ' => folded.push_str("fl"),
            'ﬃ' => folded.push_str("ffi"),
            'ﬄ' => folded.push_str("ffl"),
            'ﬅ' | 'ﬆ' => folded.push_str("st"),
            'ς' => folded.push('σ'),
            c => folded.extend(c.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(word: &str) -> String {
        let mut folded = String::new();
        fold_word(word, &mut folded);
        folded
    }

    #[test]
    fn glyphs_fold_and_meaning_does_not() {
        assert_eq!(folded("ﬁnal"), folded("Final"));
        assert_eq!(folded("Supplier’s"), "supplier's");
        assert_eq!(folded("cafe\u{301}"), folded("café"));
        assert_ne!(folded("10²"), folded("102"));
        assert_ne!(folded("1½"), folded("11/2"));
        assert_ne!(folded("５"), folded("5"));
        assert_ne!(folded("р"), folded("p"));
    }
}
