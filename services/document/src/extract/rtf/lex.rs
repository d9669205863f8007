//! The tokens of RTF: groups, control words with their numbers, control symbols, bytes of text.

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// A backslash, letters, and perhaps a number.
    Word(&'a str, Option<i32>),
    /// A backslash and one other byte.
    Symbol(u8),
    /// A byte of text, as it stands or as `\'` writes it.
    Byte(u8),
}

/// Reads token by token.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// A control word, whose backslash is read. A space after it belongs to it.
    fn word(&mut self) -> Token<'a> {
        let name = self.take_while(u8::is_ascii_alphabetic);
        let is_negative = self.rest.starts_with(b"-");
        let digits_from = usize::from(is_negative);
        let has_number = self.rest.get(digits_from).is_some_and(u8::is_ascii_digit);
        let number = has_number.then(|| {
            self.rest = &self.rest[digits_from..];
            let size = self.take_while(u8::is_ascii_digit).parse().unwrap_or(i32::MAX);
            if is_negative { -size } else { size }
        });
        if let Some(rest) = self.rest.strip_prefix(b" ") {
            self.rest = rest;
        }
        if name == "bin" {
            // So many bytes follow that are no tokens.
            let length = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
            self.rest = self.rest.get(length..).unwrap_or_default();
        }
        Token::Word(name, number)
    }

    fn take_while(&mut self, is_wanted: impl Fn(&u8) -> bool) -> &'a str {
        let end = self.rest.iter().position(|byte| !is_wanted(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        // What is wanted is ASCII.
        std::str::from_utf8(taken).unwrap_or_default()
    }

    /// The byte that `\'` writes as two digits.
    fn hexadecimal(&mut self) -> Option<Token<'a>> {
        let (digits, rest) = self.rest.split_at_checked(2)?;
        self.rest = rest;
        let byte = std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
        Some(Token::Byte(byte.unwrap_or(b'?')))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            return Some(match byte {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\r' | b'\n' => continue,
                b'\\' if self.rest.first().is_some_and(u8::is_ascii_alphabetic) => self.word(),
                b'\\' => {
                    let (&symbol, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    if symbol == b'\'' { self.hexadecimal()? } else { Token::Symbol(symbol) }
                }
                byte => Token::Byte(byte),
            });
        }
    }
}
