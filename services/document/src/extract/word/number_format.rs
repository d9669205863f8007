//! Numbers as Word writes them: in digits, Roman, letters or words.

const ONES: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const ORDINAL_ONES: [&str; 20] = [
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];
const TENS: [&str; 10] =
    ["", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
const ORDINAL_TENS: [&str; 10] = [
    "",
    "",
    "Twentieth",
    "Thirtieth",
    "Fortieth",
    "Fiftieth",
    "Sixtieth",
    "Seventieth",
    "Eightieth",
    "Ninetieth",
];
const ROMAN: [(u32, &str); 13] = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];
/// Beyond these a number is written in digits: nobody counts so far in letters.
const MOST_ROMAN: u32 = 3999;
const MOST_LETTERS: u32 = 26 * 30;
const MOST_WORDS: u32 = 99;

/// A number in the format that `w:numFmt` names. What is not known is written in digits.
pub(super) fn number(format: &str, value: u32) -> String {
    match format {
        "none" => String::new(),
        "decimalZero" => format!("{value:02}"),
        "upperRoman" if (1..=MOST_ROMAN).contains(&value) => roman(value),
        "lowerRoman" if (1..=MOST_ROMAN).contains(&value) => roman(value).to_lowercase(),
        "upperLetter" if (1..=MOST_LETTERS).contains(&value) => letters(value, 'A'),
        "lowerLetter" if (1..=MOST_LETTERS).contains(&value) => letters(value, 'a'),
        "ordinal" => format!("{value}{}", ordinal_ending(value)),
        "cardinalText" if value <= MOST_WORDS => words(value, &ONES, &TENS),
        "ordinalText" if value <= MOST_WORDS => words(value, &ORDINAL_ONES, &ORDINAL_TENS),
        _ => value.to_string(),
    }
}

fn roman(mut value: u32) -> String {
    let mut text = String::new();
    for (worth, sign) in ROMAN {
        while value >= worth {
            text.push_str(sign);
            value -= worth;
        }
    }
    text
}

/// After Z comes AA, then BB.
fn letters(value: u32, first: char) -> String {
    let (round, letter) = ((value - 1) / 26, (value - 1) % 26);
    let letter = char::from_u32(first as u32 + letter).unwrap_or(first);
    std::iter::repeat_n(letter, round as usize + 1).collect()
}

fn ordinal_ending(value: u32) -> &'static str {
    match (value % 100, value % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

fn words(value: u32, ones: &[&str; 20], tens: &[&str; 10]) -> String {
    let (ten, one) = ((value / 10) as usize, (value % 10) as usize);
    match (ten, one) {
        (0 | 1, _) => ones[value as usize].to_owned(),
        (_, 0) => tens[ten].to_owned(),
        _ => format!("{}-{}", TENS[ten], ones[one].to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_word_writes_them() {
        for (format, value, expected) in [
            ("decimal", 12, "12"),
            ("decimalZero", 1, "01"),
            ("upperRoman", 1994, "MCMXCIV"),
            ("lowerRoman", 4, "iv"),
            ("upperLetter", 28, "BB"),
            ("lowerLetter", 3, "c"),
            ("ordinal", 111, "111th"),
            ("ordinal", 22, "22nd"),
            ("cardinalText", 21, "Twenty-one"),
            ("ordinalText", 30, "Thirtieth"),
            ("ordinalText", 3, "Third"),
            ("lowerRoman", 0, "0"),
            ("none", 7, ""),
            ("aiueo", 7, "7"),
        ] {
            assert_eq!(number(format, value), expected, "{format}");
        }
    }
}
