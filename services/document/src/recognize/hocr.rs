//! The page that tesseract writes as hOCR: lines with their baselines, words with their boxes and how sure it is.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::bbox::referred;

/// What was seen on a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// Its width in pixels.
    pub(super) width: i32,
    /// Its height in pixels.
    pub(super) height: i32,
    pub(super) lines: Vec<Line>,
}

/// Words that stand on one baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    /// Left, top, right and bottom.
    pub(super) at: [i32; 4],
    /// How far the baseline falls to the right, by its length.
    pub(super) slope: f64,
    /// How far it lies below the box's lower left corner. Above is negative.
    pub(super) offset: f64,
    pub(super) words: Vec<Spotted>,
}

/// A word on a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spotted {
    pub(super) text: String,
    /// Left, top, right and bottom.
    pub(super) at: [i32; 4],
    /// How sure the recogniser is, in percent.
    pub(super) confidence: i32,
}

impl Line {
    /// How low the baseline is below `x`.
    pub(super) fn baseline(&self, x: f64) -> f64 {
        let [left, _, _, bottom] = self.at.map(f64::from);
        bottom + self.offset + self.slope * (x - left)
    }
}

impl Seen {
    /// Reads the page. What is not as it must be is passed over.
    pub(super) fn parse(hocr: &str) -> Self {
        let mut seen = Self::default();
        let mut reader = Reader::from_str(hocr);
        reader.config_mut().check_end_names = false;
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => seen.begin(&tag),
                Ok(Event::Text(text)) => seen.say(&text),
                Ok(Event::GeneralRef(name)) => seen.say(&referred(&name)),
                Ok(Event::Eof) | Err(_) => break,
                Ok(_) => {}
            }
        }
        for line in &mut seen.lines {
            line.words.retain_mut(|word| {
                word.text = word.text.split_whitespace().collect::<Vec<_>>().join(" ");
                !word.text.is_empty()
            });
        }
        seen.lines.retain(|line| !line.words.is_empty());
        seen
    }

    fn begin(&mut self, tag: &BytesStart<'_>) {
        let value = |name: &str| {
            let found = tag.try_get_attribute(name).ok().flatten()?;
            Some(found.value.into_owned())
        };
        let (Some(class), Some(title)) = (value("class"), value("title")) else { return };
        let Some([left, top, right, bottom]) = numbers(&title, "bbox") else { return };
        let at = [left, top, right, bottom].map(|number| number as i32);
        match class.as_str() {
            "ocr_page" => (self.width, self.height) = (at[2], at[3]),
            "ocrx_word" => {
                let [confidence] = numbers(&title, "x_wconf").unwrap_or_default();
                let confidence = confidence.clamp(0.0, 100.0) as i32;
                if let Some(line) = self.lines.last_mut() {
                    line.words.push(Spotted { text: String::new(), at, confidence });
                }
            }
            "ocr_line" | "ocr_caption" | "ocr_header" | "ocr_textfloat" => {
                let [slope, offset] = numbers(&title, "baseline").unwrap_or_default();
                self.lines.push(Line { at, slope, offset, words: Vec::new() });
            }
            _ => {}
        }
    }

    /// Text outside of words is white space.
    fn say(&mut self, text: &str) {
        if let Some(word) = self.lines.last_mut().and_then(|line| line.words.last_mut()) {
            word.text.push_str(text);
        }
    }
}

/// The numbers of a property, as in `bbox 0 0 2550 3300; ppageno 0`.
fn numbers<const N: usize>(title: &str, property: &str) -> Option<[f64; N]> {
    let values = title.split(';').find_map(|part| part.trim().strip_prefix(property))?;
    let values: Vec<f64> =
        values.split_ascii_whitespace().map_while(|value| value.parse().ok()).collect();
    values.get(..N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_with_their_lines_and_boxes() {
        let hocr = r#"<?xml version="1.0"?><!DOCTYPE html><html><head><meta name="a" content="b"/></head><body>
            <div class='ocr_page' id='page_1' title='image "stdin"; bbox 0 0 1700 2200; ppageno 0'>
             <span class='ocr_line' title="bbox 10 20 80 36; baseline 0.5 -4; x_size 20">
              <span class='ocrx_word' title='bbox 10 20 40 32; x_wconf 96'>R&amp;D</span>
              <span class='ocrx_word' title='bbox 50 20 80 36; x_wconf 88'><strong>l&#39;or</strong></span>
              <span class='ocrx_word' title='bbox 90 20 95 36; x_wconf 3'> </span>
             </span>
            </div></body></html>"#;
        let seen = Seen::parse(hocr);
        assert_eq!((seen.width, seen.height), (1700, 2200));
        let line = &seen.lines[0];
        let word = |text: &str, at, confidence| Spotted { text: text.to_owned(), at, confidence };
        assert_eq!(
            line.words,
            [word("R&D", [10, 20, 40, 32], 96), word("l'or", [50, 20, 80, 36], 88)]
        );
        assert_eq!((line.baseline(10.0), line.baseline(30.0)), (32.0, 42.0));
    }
}
