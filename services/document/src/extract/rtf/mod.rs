//! Rich text (RTF): what is shown of it. Pictures, deleted and hidden text are passed over; notes follow the text.

mod charset;
mod lex;
mod state;

use self::charset::{Charsets, code_page};
use self::lex::{Token, Tokens};
use self::state::{Place, State};
use super::{Extracted, Failure, FileType, clean, has_words};

pub(super) fn read(bytes: &[u8]) -> Result<Extracted, Failure> {
    let mut reading = Reading::default();
    if !reading.read(bytes) {
        return Err(Failure::damaged("it stops before its end"));
    }
    let text = clean(&reading.finish());
    if !has_words(&text) {
        return Err(Failure::no_text());
    }
    Ok(Extracted::whole(FileType::Rtf, "rtf", &text))
}

#[derive(Default)]
struct Reading {
    charsets: Charsets,
    state: State,
    outer: Vec<State>,
    /// Bytes of text that are not decoded yet: some letters take two.
    bytes: Vec<u8>,
    /// The first half of a character that takes two `\u`.
    high: Option<u16>,
    /// Bytes to pass over: what older readers show in place of the last `\u`.
    substitutes: usize,
    body: String,
    notes: String,
}

impl Reading {
    /// Whether every group that opens is closed.
    fn read(&mut self, bytes: &[u8]) -> bool {
        for token in Tokens::new(bytes) {
            match token {
                Token::Open => self.open(),
                Token::Close => {
                    self.close();
                    if self.outer.is_empty() {
                        // What follows the outermost group is no text.
                        return true;
                    }
                }
                Token::Byte(byte) => self.byte(byte),
                Token::Symbol(_) | Token::Word(..) if self.substitutes > 0 => self.substitutes -= 1,
                Token::Symbol(symbol) => self.symbol(symbol),
                Token::Word(word, number) => self.word(word, number),
            }
        }
        false
    }

    fn open(&mut self) {
        self.flush();
        self.substitutes = 0;
        self.outer.push(self.state.clone());
        self.state.is_at_start = true;
    }

    fn close(&mut self) {
        self.flush();
        self.substitutes = 0;
        let ended = self.state.place;
        self.state = self.outer.pop().unwrap_or_default();
        // A note or a header ends where its group does.
        if ended == Place::Notes && self.state.place != Place::Notes {
            self.notes.push('\n');
        }
    }

    fn byte(&mut self, byte: u8) {
        self.state.is_at_start = false;
        if self.substitutes > 0 {
            self.substitutes -= 1;
        } else if self.state.is_shown() {
            self.bytes.push(byte);
        }
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'*' => return self.state.is_optional = true,
            b'\\' | b'{' | b'}' => self.push(symbol.into()),
            b'~' => self.push('\u{a0}'),
            b'_' => self.push('\u{2011}'),
            b'\r' | b'\n' => self.push('\n'),
            _ => {}
        }
        self.state.is_at_start = false;
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        self.flush();
        if std::mem::take(&mut self.state.is_at_start) {
            let is_optional = std::mem::take(&mut self.state.is_optional);
            self.state.enter(word, is_optional);
        }
        match word {
            "u" => self.unit(number.unwrap_or(0)),
            "ansicpg" => self.charsets.set_default(number),
            "mac" => self.charsets.set_default(Some(10000)),
            "fcharset" if self.state.place == Place::Fonts => {
                let page = number.and_then(code_page);
                self.charsets.set_font(self.state.font.unwrap_or(0), page);
            }
            _ => match shown(word) {
                Some(c) => self.push(c),
                None => self.state.apply(word, number),
            },
        }
    }

    /// A unit of UTF-16, written as a signed number.
    fn unit(&mut self, number: i32) {
        self.substitutes = self.state.substitutes;
        let unit = (number & 0xffff) as u16;
        let units = self.high.take().into_iter().chain([unit]);
        for c in char::decode_utf16(units) {
            match c {
                Ok(c) => self.push(c),
                Err(half) if (0xd800..0xdc00).contains(&half.unpaired_surrogate()) => {
                    self.high = Some(half.unpaired_surrogate());
                }
                Err(_) => self.push(char::REPLACEMENT_CHARACTER),
            }
        }
    }

    fn push(&mut self, c: char) {
        self.flush();
        if self.state.is_shown() {
            self.target().push(c);
        }
    }

    /// Decodes what is waiting. It is all set in one font: another font is another control word.
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let encoding = self.charsets.of_font(self.state.font);
        let text = encoding.decode_without_bom_handling(&bytes).0;
        self.target().push_str(&text);
    }

    fn target(&mut self) -> &mut String {
        if self.state.place == Place::Notes { &mut self.notes } else { &mut self.body }
    }

    fn finish(self) -> String {
        format!("{}\n\n{}", self.body, self.notes)
    }
}

/// The control words that stand for a character.
fn shown(word: &str) -> Option<char> {
    Some(match word {
        "par" | "sect" | "page" | "line" | "row" | "nestrow" => '\n',
        "tab" | "cell" | "nestcell" => '\t',
        "emdash" => '—',
        "endash" => '–',
        "lquote" => '‘',
        "rquote" => '’',
        "ldblquote" => '“',
        "rdblquote" => '”',
        "bullet" => '•',
        "emspace" | "enspace" | "qmspace" => ' ',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::FailureCode;
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, FailureCode> {
        read(bytes).map(|read| read.pages[0].text.clone()).map_err(|failure| failure.code)
    }

    #[test]
    fn text_in_every_spelling_is_read() {
        let file = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Gothic;}}
\f0 The \i tenant\i0  pays \'a3500\emdash monthly.\par {\f1 \'c4\'ee\'e3\'ee\'e2\'ee\'f0} \f2\'8c\'5f\'96\'f1\f0\par
\uc1\u1493?\u-10179?\u-8704? \{a\}\~b\line c\cell d\row}";
        assert_eq!(
            text(file).unwrap(),
            "The tenant pays £500—monthly.\nДоговор 契約\nו😀 {a}\u{a0}b\nc\td"
        );
    }

    #[test]
    fn what_is_not_shown_is_no_text_and_notes_follow() {
        let file = br"{\rtf1{\*\generator Word;}{\info{\title Secret}}{\header Acme v. Beta\par}
{\pict\pngblip 0a0b0c}{\pict\bin3 {{{}Rent{\footnote\pard Due monthly.} is {\deleted not }{\v hidden}due{\v0 .}\par
{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt box\par}}{\shprslt box}}}";
        assert_eq!(text(file).unwrap(), "Rent is due.\nlinkbox\n\nAcme v. Beta\n\nDue monthly.");
    }

    #[test]
    fn a_file_cut_short_is_damaged() {
        assert_eq!(text(br"{\rtf1 The tenant {\b pays"), Err(FailureCode::Damaged));
        assert_eq!(text(br"{\rtf1\par}"), Err(FailureCode::NoText));
        assert_eq!(text(&b"{\\rtf1 ".repeat(1_000_000)), Err(FailureCode::Damaged));
    }
}
