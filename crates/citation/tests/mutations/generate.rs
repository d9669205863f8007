//! Makes quotes: true ones in other dress, and ones with a change that matters.

use crate::meaning::{changes, dressed};
use crate::text::plain;
use unicode_normalization::UnicodeNormalization;

/// How many stretches of all texts together are tampered with, and quoted as they are.
const TAMPERED: usize = 480;
const QUOTED: usize = 700;
const MODALS: [&str; 6] = ["shall", "may", "must", "will", "should", "can"];
const NEGATIONS: [&str; 6] = ["not", "no", "never", "without", "nor", "cannot"];
const UNITS: [(&str, &str); 10] = [
    ("days", "months"),
    ("day", "year"),
    ("years", "weeks"),
    ("months", "days"),
    ("year", "month"),
    ("hours", "days"),
    ("percent", "dollars"),
    ("dollars", "euros"),
    ("pages", "words"),
    ("copies", "pages"),
];
const NOISE: [(&str, &str); 7] =
    [("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("e", "c"), ("h", "b"), ("cl", "d")];

/// A quote and how it was made.
pub(crate) struct Made {
    pub(crate) kind: &'static str,
    pub(crate) quote: String,
}

/// Draws stretches of a text, always the same ones.
pub(crate) struct Generator<'a> {
    words: Vec<&'a str>,
    plain: String,
    /// Among how many texts the stretches are shared.
    texts: usize,
    state: u64,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(text: &'a str, texts: usize) -> Self {
        Self {
            words: text.split_whitespace().collect(),
            plain: format!(" {} ", plain(text)),
            texts,
            state: 0x9e37_79b9,
        }
    }

    fn draw(&mut self, below: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % below.max(1)
    }

    /// Some words in a row, enough of them with letters.
    fn window(&mut self, least: usize, most: usize) -> Option<Vec<&'a str>> {
        for _ in 0..20 {
            let length = least + self.draw(most - least);
            let start = self.draw(self.words.len().checked_sub(length)?);
            let window = &self.words[start..start + length];
            let spoken = window.iter().filter(|word| is_spoken(word)).count();
            let is_clean = window.iter().all(|word| {
                !word.contains(['[', ']', '…', '_', '>', '`'])
                    && !word.contains("..")
                    && *word != "."
            });
            // A cut beside a sign or inside a list's label is a question of its own.
            let ends = [window[0], window[length - 1]].iter().all(|word| is_spoken(word));
            if spoken * 4 >= length * 3 && is_clean && ends {
                return Some(window.to_vec());
            }
        }
        None
    }

    fn windows(&mut self, count: usize, least: usize, most: usize) -> Vec<Vec<&'a str>> {
        (0..count).filter_map(|_| self.window(least, most)).collect()
    }

    /// Whether the text holds it after all.
    fn is_true(&self, quote: &str) -> bool {
        let quote = plain(quote);
        self.plain.contains(quote.trim_end_matches(['.', ',']))
    }

    /// Stretches of the text in other dress.
    pub(crate) fn quotes(&mut self) -> Vec<Made> {
        let windows = self.windows(QUOTED / self.texts, 5, 45);
        windows
            .into_iter()
            .enumerate()
            .map(|(at, window)| {
                let plain = window.join(" ");
                let (kind, quote) = match at % 12 {
                    0 => ("as it is", plain),
                    1 => ("upper case", plain.to_uppercase()),
                    2 => ("other quotes", plain.replace(['’', '‘'], "'").replace(['“', '”'], "\"")),
                    3 => ("ligatures", plain.replace("fi", "ﬁ").replace("fl", "ﬂ")),
                    4 => ("other spaces", window.join(" \u{a0}\n")),
                    5 => ("soft hyphens", plain.replace("tion", "\u{ad}tion")),
                    6 => (
                        "emphasis",
                        format!("**{}** {}", window[..3].join(" "), window[3..].join(" ")),
                    ),
                    7 => (
                        "markup",
                        format!("<b>{}</b>&nbsp;{}", window[..3].join(" "), window[3..].join(" ")),
                    ),
                    8 => ("a marker in it", format!("{plain} [1]")),
                    9 => ("letters in two parts", plain.nfd().collect()),
                    10 => (
                        "invisible signs",
                        plain.replace("the", "the\u{2060}").replace("ing", "\u{200b}ing"),
                    ),
                    _ => ("a comma after it", format!("{},", plain.trim_end_matches(['.', ',']))),
                };
                Made { kind, quote }
            })
            .collect()
    }

    /// True quotes that leave out some words between two long parts, and say so.
    pub(crate) fn elided_quotes(&mut self) -> Vec<Made> {
        let windows = self.windows(QUOTED / self.texts, 14, 30);
        let inner =
            windows.into_iter().filter(|window| !window.iter().any(|word| ends_sentence(word)));
        inner
            .map(|window| {
                let (head, tail) = (&window[..5], &window[window.len() - 5..]);
                Made {
                    kind: "elided",
                    quote: format!("{} . . . {}", head.join(" "), tail.join(" ")),
                }
            })
            .collect()
    }

    /// Quotes that put three dots where a negation stands.
    pub(crate) fn hidden_negations(&mut self) -> Vec<Made> {
        let found: Vec<usize> = (6..self.words.len().saturating_sub(6))
            .filter(|at| NEGATIONS.contains(&self.words[*at]))
            .collect();
        let make = |at: usize| {
            let (head, tail) = (&self.words[at - 5..at], &self.words[at + 1..at + 6]);
            Made {
                kind: "hidden negation",
                quote: format!("{} ... {}", head.join(" "), tail.join(" ")),
            }
        };
        found.into_iter().map(make).collect()
    }

    /// Quotes with a change that matters, none of which the text holds by coincidence.
    pub(crate) fn mutations(&mut self) -> Vec<Made> {
        let mut made = Vec::new();
        for window in self.windows(TAMPERED / self.texts, 8, 34) {
            let last = window.len() - 1;
            for at in 1..last {
                made.extend(replace_word(&window, at));
                made.extend(self.misread(&window, at));
            }
            made.extend(self.restructured(&window));
            made.extend(self.damaged(&window));
        }
        made.extend(self.skipped());
        made.retain(|made| !self.is_true(&made.quote));
        let other =
            |(at, made): (usize, &Made)| Made { kind: made.kind, quote: dressed(&made.quote, at) };
        let others: Vec<Made> = made.iter().enumerate().step_by(3).map(other).collect();
        made.extend(others);
        made
    }

    /// One word taken for another.
    fn misread(&mut self, window: &[&str], at: usize) -> Option<Made> {
        let mut changes = changes(window[at]);
        if changes.is_empty() {
            return None;
        }
        let (kind, word) = changes.swap_remove(self.draw(changes.len()));
        let quote = [&window[..at], &[word.as_str()], &window[at + 1..]].concat().join(" ");
        Some(Made { kind, quote })
    }

    /// Two stretches with some words between them that nothing says are left out.
    fn skipped(&mut self) -> Vec<Made> {
        let windows = self.windows(TAMPERED / self.texts, 18, 40);
        let make = |window: Vec<&str>| {
            let (head, tail) = (&window[..6], &window[window.len() - 6..]);
            Made { kind: "words skipped", quote: [head, tail].concat().join(" ") }
        };
        windows.into_iter().map(make).collect()
    }

    fn restructured(&mut self, window: &[&str]) -> Vec<Made> {
        let at = 1 + self.draw(window.len() - 3);
        let (dropped, mut swapped) = ([&window[..at], &window[at + 1..]].concat(), window.to_vec());
        swapped.swap(at, at + 1);
        let half = window.len() / 2;
        let turned = [&window[half..], &window[..half]].concat();
        let mut made = vec![
            Made { kind: "word dropped", quote: dropped.join(" ") },
            Made { kind: "words swapped", quote: swapped.join(" ") },
            Made { kind: "halves swapped", quote: turned.join(" ") },
            Made {
                kind: "halves swapped around an ellipsis",
                quote: format!("{} ... {}", window[half..].join(" "), window[..half].join(" ")),
            },
        ];
        if let Some(other) = self.window(8, 20) {
            let spliced = [&window[..half], &other[other.len() / 2..]].concat();
            made.push(Made { kind: "clause spliced", quote: spliced.join(" ") });
        }
        if self.words.len() > 600 {
            let (head, tail) =
                (self.words[40..48].join(" "), self.words[self.words.len() - 50..][..8].join(" "));
            made.push(Made {
                kind: "spliced around an ellipsis",
                quote: format!("{head} … {tail}"),
            });
        }
        // Only whether the parts could also stand together nearby is hard to say without the checker.
        made.retain(|made| {
            made.kind != "halves swapped around an ellipsis" || self.are_rare(&made.quote)
        });
        made
    }

    /// Whether each part around an ellipsis stands only once in the text.
    fn are_rare(&self, quote: &str) -> bool {
        quote
            .split("...")
            .all(|part| self.plain.matches(plain(part).trim_end_matches(['.', ','])).count() == 1)
    }

    fn damaged(&mut self, window: &[&str]) -> Vec<Made> {
        let at = self.draw(window.len());
        let mut made = Vec::new();
        let mut with = |kind, word: String| {
            let mut words: Vec<String> = window.iter().map(|word| (*word).to_owned()).collect();
            words[at] = word;
            made.push(Made { kind, quote: words.join(" ") });
        };
        let word = window[at];
        if word.chars().all(|c| c.is_ascii_alphabetic()) && word.len() > 4 {
            with("word cut at its end", word[..word.len() - 2].to_owned());
            with("word cut at its beginning", word[2..].to_owned());
            for (from, to) in NOISE {
                if word.contains(from) {
                    with("noise of recognition", word.replacen(from, to, 1));
                }
            }
        }
        let mut joined: Vec<&str> = window.to_vec();
        let glued =
            format!("{}{}", window[at.min(window.len() - 2)], window[at.min(window.len() - 2) + 1]);
        joined.splice(at.min(window.len() - 2)..at.min(window.len() - 2) + 2, [glued.as_str()]);
        if glued.chars().all(char::is_alphabetic) {
            made.push(Made { kind: "space dropped", quote: joined.join(" ") });
        }
        made
    }
}

/// Changes of one word by another, or by none.
fn replace_word(window: &[&str], at: usize) -> Vec<Made> {
    let word = window[at];
    let with = |kind, words: &[&str]| Made {
        kind,
        quote: [&window[..at], words, &window[at + 1..]].concat().join(" "),
    };
    let mut made = Vec::new();
    if NEGATIONS.contains(&word) {
        made.push(with("negation dropped", &[]));
    }
    if let Some(modal) = MODALS.iter().position(|modal| *modal == word) {
        made.push(with("negation added", &[word, "not"]));
        made.push(with("modal swapped", &[MODALS[(modal + 1) % MODALS.len()]]));
    }
    if let Some((_, unit)) =
        UNITS.iter().find(|(unit, _)| *unit == word.trim_matches(['.', ',', ';']))
    {
        made.push(with("unit changed", &[unit]));
    }
    match word {
        "and" => made.push(with("and for or", &["or"])),
        "or" => made.push(with("or for and", &["and"])),
        "is" | "are" => made.push(with("negation added", &[word, "not"])),
        _ => {}
    }
    if let Some(digit) = word.find(|c: char| c.is_ascii_digit()) {
        let old = word.as_bytes()[digit] - b'0';
        let changed = format!("{}{}{}", &word[..digit], (old + 3) % 10, &word[digit + 1..]);
        made.push(with("digit changed", &[changed.as_str()]));
        let longer = format!("{}0{}", &word[..=digit], &word[digit + 1..]);
        made.push(with("digit added", &[longer.as_str()]));
        let without: String = word.replace(['.', ','], "");
        if word.trim_end_matches(['.', ',']).contains(['.', ',']) {
            made.push(with("mark dropped from a number", &[without.as_str()]));
        }
    }
    made
}

fn is_spoken(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphabetic()).count() * 2 > word.chars().count()
}

fn ends_sentence(word: &str) -> bool {
    word.ends_with(['.', ';', ':', '?', '!'])
        || word.starts_with(|c: char| c.is_ascii_digit() || c == '§')
}
