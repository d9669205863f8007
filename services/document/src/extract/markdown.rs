//! Markdown: the text of the page that it makes.

use pulldown_cmark::{Options, Parser, html::push_html};

use super::{Extracted, Failure, FileType, clean, has_words, html, plain};

pub(super) fn read(bytes: &[u8]) -> Result<Extracted, Failure> {
    // It is text before it is Markdown: what is none is said to be so.
    plain::read(bytes)?;
    let text = clean(&text(&plain::decode(bytes)?));
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(FileType::Md, "pulldown-cmark", &text))
}

fn text(source: &str) -> String {
    let extensions =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let mut page = String::with_capacity(source.len());
    push_html(&mut page, Parser::new_ext(source, extensions));
    html::marked(&page)
}

#[cfg(test)]
mod tests {
    use super::super::block::unmark;
    use super::*;

    #[test]
    fn marks_are_no_text_and_numbers_stay() {
        let source = "# Lease\n\nThe *tenant* pays [rent](https://x.example) under Rule 12(b)(6).\n\n\
                      4. First\n5. Second\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>no</script>\n";
        let expected = "Lease\n\nThe tenant pays rent under Rule 12(b)(6).\n\n4. First\n5. Second\n\n\
                        a\tb\n1\t2";
        assert_eq!(unmark(&clean(&text(source))).0, expected);
    }
}
