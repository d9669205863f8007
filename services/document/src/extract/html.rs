//! Web pages: the text of their elements, without scripts, styles and markup.

use encoding_rs::Encoding;
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use super::block::{BlockKind, END, start, unmark};
use super::layout::{Gap, Layout};
use super::{Extracted, Failure, FileType, clean, has_words, plain};

/// A page says within these bytes how it is encoded.
const HEAD: usize = 1024;

pub(super) fn read(bytes: &[u8]) -> Result<Extracted, Failure> {
    let text = clean(&marked(&decode(bytes)?));
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(FileType::Html, "html5gum", &text))
}

/// The text of a page.
pub(super) fn text(page: &str) -> String {
    unmark(&marked(page)).0
}

/// The text of a page with the marks of its headings and tables.
pub(super) fn marked(page: &str) -> String {
    let mut emitter = DefaultEmitter::default();
    // Inside a script or a style, `<` is no markup.
    emitter.naively_switch_states(true);
    let mut reading = Reading::default();
    for token in Tokenizer::new_with_emitter(page, emitter) {
        match token {
            Ok(Token::StartTag(tag)) => reading.open(&tag),
            Ok(Token::EndTag(tag)) => reading.close(&tag.name),
            Ok(Token::String(words)) => reading.words(&String::from_utf8_lossy(&words)),
            Ok(Token::Comment(_) | Token::Doctype(_) | Token::Error(_)) => {}
            Err(never) => match never {},
        }
    }
    reading.layout.finish()
}

/// A mark at the start wins, then what the page says, then what the bytes look like.
fn decode(bytes: &[u8]) -> Result<String, Failure> {
    let has_mark = Encoding::for_bom(bytes).is_some();
    let Some(encoding) = declared(&bytes[..bytes.len().min(HEAD)]).filter(|_| !has_mark) else {
        return plain::decode(bytes);
    };
    let (text, has_errors) = encoding.decode_without_bom_handling(bytes);
    if has_errors {
        let detail = format!("it says that it is {} text but is not", encoding.name());
        return Err(Failure::damaged(&detail));
    }
    Ok(text.into_owned())
}

/// What a page's `meta` says of its encoding.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (_, rest) = head.split_once("charset")?;
    let label = rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = label.find(['"', '\'', ' ', '>', ';', '/']).unwrap_or(label.len());
    // Whoever can read this far reads no UTF-16, so browsers take that word for UTF-8.
    Encoding::for_label(&label.as_bytes()[..end]).map(Encoding::output_encoding)
}

/// Where in a page the reading is.
#[derive(Default)]
struct Reading {
    layout: Layout,
    /// The element that is passed over, and how many of its name are open.
    skipped: Option<(Vec<u8>, usize)>,
    /// For each open list, the number of its next item where it has numbers.
    lists: Vec<Option<i64>>,
    /// Open elements whose white space counts.
    preformatted: usize,
}

impl Reading {
    fn open(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        if let Some((skipped, open)) = &mut self.skipped {
            if skipped == name && !tag.self_closing {
                *open += 1;
            }
            return;
        }
        if is_unread(name) && !tag.self_closing {
            self.skipped = Some((name.to_vec(), 1));
            return;
        }
        self.layout.leave(gap(name));
        match name {
            b"pre" => self.preformatted += 1,
            b"ul" | b"menu" => self.lists.push(None),
            b"ol" => self.lists.push(Some(number(tag, b"start").unwrap_or(1))),
            b"li" => self.item(number(tag, b"value")),
            b"table" => self.layout.mark(&start(BlockKind::Table, 0)),
            [b'h', level @ b'1'..=b'6'] => {
                self.layout.mark(&start(BlockKind::Heading, u32::from(level - b'0')));
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        if let Some((skipped, open)) = &mut self.skipped {
            if skipped == name {
                *open -= 1;
                if *open == 0 {
                    self.skipped = None;
                }
            }
            return;
        }
        match name {
            b"table" => self.layout.end_mark(Some(END)),
            // It ends with its line.
            [b'h', b'1'..=b'6'] => self.layout.end_mark(None),
            _ => {}
        }
        self.layout.leave(gap(name));
        match name {
            b"pre" => self.preformatted = self.preformatted.saturating_sub(1),
            b"ul" | b"menu" | b"ol" => drop(self.lists.pop()),
            _ => {}
        }
    }

    fn words(&mut self, words: &str) {
        if self.skipped.is_some() {
            return;
        }
        if self.preformatted > 0 { self.layout.verbatim(words) } else { self.layout.words(words) }
    }

    /// Items of a numbered list show their numbers, and a lawyer cites them.
    fn item(&mut self, value: Option<i64>) {
        if let Some(Some(next)) = self.lists.last_mut() {
            let shown = value.unwrap_or(*next);
            *next = shown.saturating_add(1);
            self.layout.words(&format!("{shown}. "));
        }
    }
}

fn number(tag: &StartTag<()>, attribute: &[u8]) -> Option<i64> {
    std::str::from_utf8(tag.attributes.get(attribute)?).ok()?.trim().parse().ok()
}

/// Elements whose text is for machines, or for browsers that lack something.
fn is_unread(name: &[u8]) -> bool {
    matches!(
        name,
        b"script"
            | b"style"
            | b"template"
            | b"title"
            | b"noscript"
            | b"svg"
            | b"iframe"
            | b"object"
            | b"audio"
            | b"video"
            | b"canvas"
    )
}

/// What stands around an element.
fn gap(name: &[u8]) -> Gap {
    match name {
        b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"blockquote" | b"pre"
        | b"table" | b"ul" | b"ol" | b"menu" | b"dl" | b"hr" | b"section" | b"article"
        | b"header" | b"footer" | b"main" | b"nav" | b"aside" | b"figure" | b"form"
        | b"fieldset" | b"body" => Gap::Block,
        b"br" | b"div" | b"li" | b"tr" | b"dt" | b"dd" | b"address" | b"caption"
        | b"figcaption" | b"legend" | b"option" | b"summary" | b"details" => Gap::Line,
        b"td" | b"th" => Gap::Cell,
        _ => Gap::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_are_no_text_and_blocks_stand_apart() {
        let page = "<!doctype html><html><head><title>Tab</title><style>p > b {}</style></head><body>\
                    <script>if (a < b) document.write('<p>never</p>')</script>\
                    <h1>Lease</h1><p>The  tenant\npays <b>rent</b>&nbsp;&amp; fees.<br>Monthly.\
                    <ol start=3><li>First</li><li>Second<ul><li>Inner</ul></ol>\
                    <table><tr><td>Rent<td>500 €</table><pre>a  b\n c</pre>";
        let expected = "Lease\n\nThe tenant pays rent\u{a0}& fees.\nMonthly.\n\n3. First\n4. Second\n\n\
                        Inner\n\nRent\t500 €\n\na  b\n c";
        assert_eq!(text(page), expected);
    }

    #[test]
    fn a_page_is_decoded_as_it_says() {
        let russian = b"<meta charset=\"windows-1251\"><p>\xc4\xee\xe3\xee\xe2\xee\xf0</p>";
        assert_eq!(read(russian).unwrap().pages[0].text, "Договор");
        let greek = b"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-7'>\xcd";
        assert_eq!(read(greek).unwrap().pages[0].text, "Ν");
        assert_eq!(read("<p>§ 5".as_bytes()).unwrap().pages[0].text, "§ 5");
        assert!(read(b"<meta charset=utf-8><p>\xff\xfe").is_err());
    }
}
