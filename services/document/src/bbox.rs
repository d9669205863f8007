//! The words of pages in the order of reading, each with its box, as poppler's `pdftotext -bbox-layout`
//! tells them.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Asks `pdftotext` for this.
pub(crate) const OPTION: &str = "-bbox-layout";

/// A page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Page {
    /// Its size in points.
    pub(crate) width: f64,
    /// Its size in points.
    pub(crate) height: f64,
    /// Its parts, each some lines.
    pub(crate) flows: Vec<Vec<Line>>,
}

/// Words from left to right.
pub(crate) type Line = Vec<Word>;

/// A word and its box.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Left, top, right and bottom, in points.
    pub(crate) at: [f64; 4],
}

impl Page {
    /// Its words, in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &Word> {
        self.flows.iter().flatten().flatten()
    }
}

/// Reads the pages. What follows something that is not as it must be is left out.
pub(crate) fn parse(layout: &str) -> Vec<Page> {
    let mut pages = Pages::default();
    let mut reader = Reader::from_str(layout);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => pages.begin(&tag),
            Ok(Event::End(tag)) if tag.name().as_ref() == "word" => pages.is_in_word = false,
            Ok(Event::Text(text)) => pages.say(&text),
            Ok(Event::GeneralRef(name)) => pages.say(&referred(&name)),
            Ok(Event::Eof) | Err(_) => return pages.read,
            Ok(_) => {}
        }
    }
}

/// The character that a reference stands for.
pub(crate) fn referred(name: &BytesRef<'_>) -> String {
    if let Ok(Some(c)) = name.resolve_char_ref() {
        return c.to_string();
    }
    resolve_xml_entity(name).unwrap_or_default().to_owned()
}

#[derive(Default)]
struct Pages {
    read: Vec<Page>,
    is_in_word: bool,
}

impl Pages {
    fn begin(&mut self, tag: &BytesStart<'_>) {
        let number = |name: &str| {
            let found = tag.try_get_attribute(name).ok().flatten();
            found.and_then(|found| found.value.parse().ok()).unwrap_or_default()
        };
        if tag.name().as_ref() == "page" {
            let (width, height) = (number("width"), number("height"));
            self.read.push(Page { width, height, flows: Vec::new() });
        }
        let Some(page) = self.read.last_mut() else { return };
        match tag.name().as_ref() {
            "flow" => page.flows.push(Vec::new()),
            "line" => page.flows.last_mut().into_iter().for_each(|flow| flow.push(Vec::new())),
            "word" => {
                let at = ["xMin", "yMin", "xMax", "yMax"].map(number);
                let line = page.flows.last_mut().and_then(|flow| flow.last_mut());
                self.is_in_word = line.is_some();
                line.into_iter().for_each(|line| line.push(Word { text: String::new(), at }));
            }
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        let line = self.read.last_mut().and_then(|page| page.flows.last_mut()?.last_mut());
        if let Some(word) = line.filter(|_| self.is_in_word).and_then(|line| line.last_mut()) {
            word.text.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_with_their_boxes_lines_and_pages() {
        let layout = "<html><body><doc>\n<page width=\"612.000000\" height=\"792.000000\">\n<flow>\n\
            <block xMin=\"1\" yMin=\"1\" xMax=\"9\" yMax=\"9\">\n<line xMin=\"1\" yMin=\"1\" xMax=\"9\" yMax=\"4\">\n\
            <word xMin=\"1.5\" yMin=\"2\" xMax=\"3\" yMax=\"4\">R&amp;D</word>\n\
            <word xMin=\"5\" yMin=\"2\" xMax=\"9\" yMax=\"4\">§</word>\n</line>\n</block>\n</flow>\n</page>\n\
            <page width=\"612\" height=\"792\">\n</page>\n</doc></body></html>";
        let pages = parse(layout);
        assert_eq!(pages.len(), 2);
        assert_eq!((pages[0].width, pages[0].height), (612.0, 792.0));
        let words: Vec<_> = pages[0].words().map(|word| (word.text.as_str(), word.at)).collect();
        assert_eq!(words, [("R&D", [1.5, 2.0, 3.0, 4.0]), ("§", [5.0, 2.0, 9.0, 4.0])]);
    }
}
