//! Addresses in a text: what a reader's program may turn into a link although nothing marks it as one.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::Prompt;

/// What addresses begin with that programs recognise.
const BEGINNINGS: [&str; 6] = ["http://", "https://", "ftp://", "www.", "mailto:", "xmpp:"];
/// Marks that end a sentence, and not an address.
const CLOSING: &[char] = &[
    '.', ',', ':', ';', '!', '?', '\'', '"', '’', '”', '»', ')', ']', '}', '>', '*', '_', '~', '`',
    '|',
];
/// More of them are part of the address: they could carry a message.
const MOST_CLOSING: usize = 6;
/// Of a reference to a character, its name or its number with many zeros.
const LONGEST_REFERENCE: usize = 64;
/// Names of characters that could hide an address.
const NAMED: [(&str, char); 5] =
    [("colon", ':'), ("sol", '/'), ("period", '.'), ("commat", '@'), ("amp", '&')];

/// The addresses that a model was told of.
#[derive(Debug, Default)]
pub(super) struct Known(HashSet<String>);

impl Known {
    /// Those of the question, of what was said before, and of the sources.
    pub(super) fn of(prompt: &Prompt) -> Self {
        let history = prompt.history.iter().map(|turn| turn.text.as_str());
        let passages = prompt.passages.iter().map(|passage| passage.text.as_str());
        let texts = history.chain(passages).chain([&*prompt.summary, &*prompt.question]);
        let mut known = HashSet::new();
        for word in texts.flat_map(|text| text.split(ends_word)) {
            let Some(at) = find(word) else { continue };
            let address = &word[at..];
            let plain = address.find(|c: char| !c.is_ascii() || "\"'()[]{}|\\^".contains(c));
            known.insert(key(address));
            known.insert(key(&address[..plain.unwrap_or(address.len())]));
        }
        Self(known)
    }

    /// Whether this very address is among them, whatever mark closes the sentence behind it.
    pub(super) fn hold(&self, address: &str) -> bool {
        self.0.contains(&key(address))
    }
}

/// What no address holds. Other white space does not end one everywhere.
pub(super) fn ends_word(c: char) -> bool {
    matches!(c, '<' | ' ' | '\t' | '\n' | '\r')
}

/// Where an address begins in a word.
pub(super) fn find(word: &str) -> Option<usize> {
    let at = find_plain(word);
    let plain = unescaped(word);
    if matches!(plain, Cow::Borrowed(_)) {
        return at;
    }
    let Some(hidden) = find_plain(&plain) else { return at };
    // What an escape hides may begin before what stands there plainly.
    match at {
        Some(at) if unescaped(&word[..at]).len() <= hidden => Some(at),
        _ => word.find(['\\', '&']).map(|escape| run_start(word, escape)),
    }
}

/// From where on more of the word decides whether it holds an address.
pub(super) fn undecided(word: &str) -> usize {
    let decided = find(word).or_else(|| word.find(['\\', '&', '@']).map(|at| run_start(word, at)));
    decided.unwrap_or(word.len()).min(beginning(word))
}

/// The marks behind an address that are not part of it.
pub(super) fn closing(address: &str) -> &str {
    let marks = &address[address.trim_end_matches(CLOSING).len()..];
    let first = marks.char_indices().rev().take(MOST_CLOSING).last();
    &marks[first.map_or(0, |(at, _)| at)..]
}

fn key(address: &str) -> String {
    unescaped(&address[..address.len() - closing(address).len()]).into_owned()
}

fn find_plain(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    let schemes = word.match_indices("://").map(|(at, _)| run_start(word, at));
    let led = (0..bytes.len()).filter(|at| {
        let leads = |beginning: &&str| {
            let (begin, end) = (*at, *at + beginning.len());
            bytes
                .get(begin..end)
                .is_some_and(|found| found.eq_ignore_ascii_case(beginning.as_bytes()))
                && bytes
                    .get(end)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
        };
        is_boundary(bytes, *at) && BEGINNINGS.iter().any(leads)
    });
    let mailboxes = word.match_indices('@').filter_map(|(at, _)| mailbox(word, at));
    schemes.chain(led).chain(mailboxes).min()
}

/// The beginning of the scheme, or of the name, that ends before this byte.
fn run_start(word: &str, end: usize) -> usize {
    let is_of_run = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._%".contains(byte);
    end - word.as_bytes()[..end].iter().rev().take_while(|byte| is_of_run(byte)).count()
}

fn mailbox(word: &str, at: usize) -> Option<usize> {
    let start = run_start(word, at);
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let host = word[at + 1..].trim_start_matches('.');
    let host = &host[..host.find(|c| !is_of_host(c)).unwrap_or(host.len())];
    (start < at && host.trim_end_matches('.').contains('.')).then_some(start)
}

/// Where the word may end in the beginning of an address.
fn beginning(word: &str) -> usize {
    let bytes = word.as_bytes();
    let from = bytes.len().saturating_sub(BEGINNINGS.iter().map(|b| b.len()).max().unwrap_or(0));
    let may_begin = |at: &usize| {
        let rest = &bytes[*at..];
        let begins = |beginning: &&str| {
            beginning
                .as_bytes()
                .get(..rest.len())
                .is_some_and(|begun| begun.eq_ignore_ascii_case(rest))
        };
        is_boundary(bytes, *at) && BEGINNINGS.iter().any(begins)
    };
    (from..bytes.len()).find(may_begin).unwrap_or(bytes.len())
}

fn is_boundary(bytes: &[u8], at: usize) -> bool {
    at == 0 || !bytes[at - 1].is_ascii_alphanumeric()
}

/// The word as it is once its escapes are undone, and those that this brings to light, however often an answer
/// is rendered.
fn unescaped(word: &str) -> Cow<'_, str> {
    if !word.contains(['\\', '&']) {
        return Cow::Borrowed(word);
    }
    // Its end first: what an escape stands for is read with what follows it.
    let mut plain: Vec<char> = Vec::with_capacity(word.len());
    for mut c in word.chars().rev() {
        while let Some((meant, length)) = (c == '&').then(|| reference(&plain)).flatten() {
            plain.truncate(plain.len() - length);
            c = meant;
        }
        let is_escape = c == '\\' && plain.last().is_some_and(char::is_ascii_punctuation);
        if !is_escape {
            plain.push(c);
        }
    }
    Cow::Owned(plain.into_iter().rev().collect())
}

/// The character that a reference such as `&#58;` stands for, and the length of what follows its `&`.
fn reference(following: &[char]) -> Option<(char, usize)> {
    let following = || following.iter().rev().take(LONGEST_REFERENCE);
    let end = following().position(|c| *c == ';')?;
    let name: String = following().take(end).collect();
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = match hexadecimal {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_written() {
        for (word, at) in [
            ("https://a.example/x", 0),
            ("(HTTPS://a.example", 1),
            ("see:ftp://a.example", 4),
            ("odd+scheme://x", 0),
            ("www.a.example", 0),
            ("“www.a.example”", 3),
            ("ada@a.example", 0),
            ("mailto:ada", 0),
            ("https&#58;//a.example", 0),
            ("https:&#x2f;&sol;a.example", 6),
            ("https:\\//a.example", 6),
            ("mailto:\\\\//a", 7),
            ("https&amp;#58;//a.example", 0),
            ("&#58;//https://a.example", 0),
            ("\\(https://a.example", 2),
        ] {
            assert_eq!(find(word), Some(at), "{word}");
        }
        for word in ["awww.", "www.", "a@b", "AT&T", "C:\\x", "s.1-2", "and/or", "https:", "@a.b"] {
            assert_eq!(find(word), None, "{word}");
        }
    }

    #[test]
    fn what_could_still_become_an_address_is_undecided() {
        for (word, at) in [
            ("the", 3),
            ("h", 0),
            ("(htt", 1),
            ("wha", 3),
            ("ww", 0),
            ("www.", 0),
            ("a@b", 0),
            ("x&a", 0),
        ] {
            assert_eq!(undecided(word), at, "{word}");
        }
    }

    #[test]
    fn marks_behind_an_address_are_not_part_of_it() {
        let known =
            |text: &str| Known::of(&Prompt { question: text.to_owned(), ..Prompt::default() });
        let held =
            known("See <https://a.example/x>, or “www.b.example”. [c](https://c.example/?q=1)");
        for address in ["https://a.example/x).", "www.b.example”,", "https://c.example/?q=1"] {
            assert!(held.hold(address), "{address} {held:?}");
        }
        for address in
            ["https://a.example/x?y", "https://a.example/", "https://a.example/x!?!?!?!?"]
        {
            assert!(!held.hold(address), "{address}");
        }
    }
}
