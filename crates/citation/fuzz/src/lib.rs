//! What every report keeps to, whatever it was made from.

use elenchus_citation::{Item, Kind, Location, Status};
use unicode_normalization::UnicodeNormalization;

/// Each item stands where it says, in order, and refers to one before it.
pub fn stands(items: &[Item], text: &str) {
    let chars: Vec<char> = text.chars().collect();
    for (at, item) in items.iter().enumerate() {
        let (start, end) = (item.span.start_char, item.span.end_char);
        assert!(start <= end && end <= chars.len(), "{item:?}");
        if item.kind == Kind::LegalCitation {
            let exact: String = chars[start..end].iter().collect();
            assert_eq!(item.text, exact, "a citation is the text at its place");
        }
        let meant = item.facts.as_ref().and_then(|facts| facts.refers_to);
        assert!(meant.is_none_or(|meant| meant < at), "{item:?}");
    }
}

/// Each place is one of its source's.
pub fn lies_within(places: &[Location], source: &str) {
    let length = source.chars().count();
    for place in places {
        assert!(place.start_char < place.end_char && place.end_char <= length, "{place:?}");
    }
}

/// What is called verbatim stands at its place, by another way than the check's own: letters and
/// digits in a row, and nothing else.
pub fn is_true(item: &Item, source: &str) {
    if item.status != Status::Verbatim {
        return;
    }
    let place = &item.locations[0];
    let span = place.end_char - place.start_char;
    let there: String = source.chars().skip(place.start_char).take(span).collect();
    let (quoted, there) = (plain(&item.text), plain(&there));
    assert!(there == quoted || item.text.contains(['[', '<', '&']), "{quoted:?} is not {there:?}");
}

/// Folds what the check may fold, and drops every mark.
fn plain(text: &str) -> String {
    let folded =
        text.replace(['ﬅ', 'ﬆ'], "st").replace('ﬀ', "ff").replace('ﬁ', "fi").replace('ﬂ', "fl");
    let folded = folded.replace('ﬃ', "ffi").replace('ﬄ', "ffl").replace('ς', "σ");
    folded.nfc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}
