//! Where a numbered section or a heading begins.

use super::token::Token;

const MAX_LABEL_CHARS: usize = 12;
/// Words that a numbered heading begins with.
const DIVISIONS: [&str; 14] = [
    "section",
    "article",
    "clause",
    "schedule",
    "annex",
    "chapter",
    "part",
    "exhibit",
    "appendix",
    "paragraph",
    "rule",
    "artikel",
    "abschnitt",
    "titre",
];

/// Whether a token begins a numbered section or a heading.
pub(super) fn begins_section(text: &str, tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let word = token.text(text);
    let space = &text[tokens[at - 1].end..token.start];
    let is_first_of_line = space.contains(['\n', '\x0c']);
    if !is_first_of_line && !ends_sentence(tokens, at - 1) {
        return false;
    }
    if is_number_label(text, tokens, at) {
        return true;
    }
    if !is_first_of_line {
        return false;
    }
    let next = tokens.get(at + 1).map_or("", |next| next.text(text));
    let is_division = DIVISIONS.iter().any(|name| name.eq_ignore_ascii_case(word));
    let is_numbered = next.starts_with(|c: char| c.is_ascii_digit())
        || (!next.is_empty() && next.chars().all(|c| "IVXLC".contains(c)));
    if (is_division && word.starts_with(char::is_uppercase) && is_numbered)
        || matches!(token.mark, Some('§' | '#'))
    {
        return true;
    }
    let is_after_blank = space.matches('\n').count() > 1 || space.contains('\x0c');
    is_after_blank && is_capital_line(&text[token.start..])
}

/// `7.3`, `7.3.` or `7.` before a word in capitals.
fn is_number_label(text: &str, tokens: &[Token], at: usize) -> bool {
    let label = tokens[at].text(text);
    if !tokens[at].is_word()
        || label.len() > MAX_LABEL_CHARS
        || !label.starts_with(|c: char| c.is_ascii_digit())
        || !label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return false;
    }
    let mut next = at + 1;
    let has_dot = tokens.get(next).is_some_and(|mark| mark.mark == Some('.') && mark.is_glued);
    if has_dot {
        next += 1;
    }
    (has_dot || label.contains('.'))
        && tokens.get(next).is_some_and(|next| {
            !next.is_glued
                && next.text(text).starts_with(|c: char| c.is_uppercase() || is_opening(c))
        })
}

fn is_opening(c: char) -> bool {
    matches!(c, '"' | '“' | '(' | '[')
}

fn is_capital_line(rest: &str) -> bool {
    let line = rest.lines().next().unwrap_or_default();
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3 && line.len() <= 100 && !line.chars().any(char::is_lowercase)
}

fn ends_sentence(tokens: &[Token], at: usize) -> bool {
    matches!(tokens[at].mark, Some('.' | '?' | '!' | ';' | ':'))
}

#[cfg(test)]
mod tests {
    use super::super::passage::Passage;
    use super::*;

    fn is_border_before(text: &str, word: &str) -> bool {
        let passage = Passage::around(text, 0, usize::MAX);
        let at = passage.token_at(text.find(word).unwrap()).unwrap();
        begins_section(text, &passage.tokens, at)
    }

    #[test]
    fn headings_part_sections() {
        assert!(is_border_before("no loss. 7.3 Carve-out. Nothing", "7.3"));
        assert!(is_border_before("no loss.\n8. Term. Two", "8"));
        assert!(is_border_before("no loss.\nSection 9 applies", "Section"));
        assert!(is_border_before("no loss.\n\nTERM AND END\nTwo", "TERM"));
        assert!(!is_border_before("at least 7.3 Percent", "7.3"));
        assert!(!is_border_before("loss of profit: 8 and", "8"));
    }
}
