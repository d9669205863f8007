//! Changes of one word that a reader may overlook.

/// Words that are easily taken for each other, and never mean the same.
const PAIRS: [(&str, &str); 26] = [
    ("landlord", "tenant"),
    ("plaintiff", "defendant"),
    ("petitioner", "respondent"),
    ("lessor", "lessee"),
    ("licensor", "licensee"),
    ("contributor", "recipient"),
    ("parent", "student"),
    ("before", "after"),
    ("least", "most"),
    ("more", "less"),
    ("first", "last"),
    ("any", "all"),
    ("each", "no"),
    ("to", "from"),
    ("with", "without"),
    ("within", "after"),
    ("if", "unless"),
    ("including", "excluding"),
    ("above", "below"),
    ("his", "her"),
    ("this", "that"),
    ("may", "might"),
    ("shall", "should"),
    ("january", "june"),
    ("march", "may"),
    ("source", "object"),
];
const PREFIXES: [&str; 8] = ["un", "in", "im", "ir", "dis", "non", "mis", "re"];
const TWINS: [(char, char); 8] = [
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('y', 'у'),
    ('i', 'і'),
];
const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// What a word could be changed to. None of it is the same word in another dress.
pub(crate) fn changes(word: &str) -> Vec<(&'static str, String)> {
    let mut made = Vec::new();
    let lower = word.to_lowercase();
    for (one, other) in PAIRS {
        if lower == one {
            made.push(("taken for another", other.to_owned()));
        } else if lower == other {
            made.push(("taken for another", one.to_owned()));
        }
    }
    if word.chars().all(|c| c.is_ascii_alphabetic()) && word.len() > 4 {
        made.extend(letters(word, &lower));
    }
    made.extend(signs(word));
    made.extend(numbers(word));
    made
}

fn letters(word: &str, lower: &str) -> Vec<(&'static str, String)> {
    let mut made = vec![
        ("prefix added", format!("un{word}")),
        ("prefix added", format!("non-{word}")),
        ("word repeated", format!("{word} {word}")),
        ("word struck out", format!("~~{word}~~")),
        ("word struck out", format!("<del>{word}</del>")),
        ("negation in markup", format!("{word} **not**")),
        ("accent added", word.replacen('e', "é", 1)),
    ];
    let plural = word.strip_suffix('s').map_or_else(|| format!("{word}s"), str::to_owned);
    made.push(("number of a noun", plural));
    let past = word.strip_suffix("ed").map_or_else(|| format!("{word}ed"), str::to_owned);
    made.push(("tense", past));
    let stems = PREFIXES.iter().filter_map(|prefix| lower.strip_prefix(prefix));
    made.extend(
        stems.filter(|stem| stem.len() > 3).map(|stem| ("prefix dropped", stem.to_owned())),
    );
    let twins = TWINS.iter().filter(|(latin, _)| word.contains(*latin));
    made.extend(twins.map(|(latin, other)| {
        ("letter of another script", word.replacen(*latin, &other.to_string(), 1))
    }));
    made.retain(|(_, changed)| changed != word);
    made
}

fn signs(word: &str) -> Vec<(&'static str, String)> {
    let mut made = Vec::new();
    let body = word.trim_end_matches([',', ';', ':', '.']);
    let is_word = !body.is_empty() && body.chars().all(char::is_alphabetic);
    if is_word && word.len() == body.len() + 1 {
        made.push(("mark dropped", body.to_owned()));
        let other = if word.ends_with(';') { "," } else { ";" };
        made.push(("mark changed", format!("{body}{other}")));
    } else if is_word && word == body {
        made.push(("mark added", format!("{word},")));
    }
    for (sign, other) in [('$', "€"), ('§', "¶"), ('%', "‰"), ('&', "and")] {
        if word.contains(sign) {
            made.push(("sign changed", word.replacen(sign, other, 1)));
        }
    }
    let parts: Vec<&str> = word.split('-').collect();
    if parts.len() == 2
        && parts.iter().all(|part| part.len() > 1 && part.chars().all(char::is_alphabetic))
    {
        made.push(("hyphen dropped", parts.join(" ")));
        made.push(("hyphen dropped", parts.concat()));
    }
    made
}

fn numbers(word: &str) -> Vec<(&'static str, String)> {
    let mut made = Vec::new();
    let digits: Vec<(usize, char)> =
        word.char_indices().filter(|(_, c)| c.is_ascii_digit()).collect();
    for pair in
        digits.windows(2).filter(|pair| pair[0].1 != pair[1].1 && pair[0].0 + 1 == pair[1].0)
    {
        let at = pair[0].0;
        let swapped = format!("{}{}{}{}", &word[..at], pair[1].1, pair[0].1, &word[at + 2..]);
        made.push(("digits swapped", swapped));
    }
    if let Some((at, digit)) = digits.last() {
        let raised = RAISED[usize::from(*digit as u8 - b'0')];
        made.push(("digit raised", format!("{}{raised}{}", &word[..*at], &word[at + 1..])));
        if word[..*at].ends_with(|c: char| c.is_ascii_digit()) {
            made.push(("number parted", format!("{} {}", &word[..*at], &word[*at..])));
        }
    }
    for letter in ['a', 'b', 'c', 'i', '1', '2', '3'] {
        let label = format!("({letter})");
        if word.contains(&label) {
            let next = char::from(letter as u8 + 1);
            made.push(("label changed", word.replacen(&label, &format!("({next})"), 1)));
        }
    }
    made.retain(|(_, changed)| changed.trim() != word);
    made
}

/// The same words in a dress that a check sees through: what is changed in them must still be seen.
pub(crate) fn dressed(quote: &str, dress: usize) -> String {
    match dress % 8 {
        0 => quote.to_uppercase(),
        1 => quote.replace(' ', "\u{a0}"),
        2 => quote.replace("fi", "ﬁ").replace('\'', "’"),
        3 => format!("**{quote}**"),
        4 => quote.replace(" the ", " <b>the</b> "),
        5 => quote.replace(' ', "\n"),
        6 => format!("{quote} [1]"),
        _ => quote.replace("tion", "\u{ad}tion").replace(" - ", " — "),
    }
}
