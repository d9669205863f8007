//! Tokens that mean nothing by themselves: API tokens and grants. Auth stores their hashes.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 190 bits.
const RANDOM_CHARS: usize = 32;
/// 35 bits, enough for a CRC-32.
const CHECKSUM_CHARS: usize = 6;
/// How much of a token is shown, so that its owner knows it again.
const SHOWN_CHARS: usize = 8;

/// What a token is for, as its first letters say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpaqueKind {
    /// A program calls for its owner.
    Api,
    /// A service acts for a user who is not waiting.
    Grant,
}

impl OpaqueKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Api => "elk_",
            Self::Grant => "elg_",
        }
    }
}

/// What auth knows of a token. Fast to compute, because the token itself cannot be guessed.
pub type TokenHash = [u8; 32];

/// A well-formed token. Does not print. The letters after its random ones are their checksum, so that
/// whoever looks for lost tokens, in a repository or in a log, finds them and little else.
#[derive(Debug, Clone)]
pub struct OpaqueToken {
    kind: OpaqueKind,
    text: SecretString,
}

impl OpaqueToken {
    /// A new one.
    pub fn draw(kind: OpaqueKind) -> Self {
        let mut text = kind.prefix().to_owned();
        while text.len() < kind.prefix().len() + RANDOM_CHARS {
            let mut byte = [0];
            // Fails only where the system has no randomness, and then nothing is safe.
            aws_lc_rs::rand::fill(&mut byte)
                .unwrap_or_else(|_| unreachable!("the system has no randomness"));
            // The largest multiple of 62 that a byte can hold: beyond it some letters would be likelier.
            if byte[0] < 248 {
                text.push(letter(u32::from(byte[0])));
            }
        }
        text.push_str(&checksum(&text));
        Self { kind, text: SecretString::from(text) }
    }

    /// Reads a token. `None` where it is of no kind, or mistyped. Whether it was ever handed out, auth
    /// knows.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = [OpaqueKind::Api, OpaqueKind::Grant]
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))?;
        let (body, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_CHARS)?)?;
        let is_whole = body.len() == kind.prefix().len() + RANDOM_CHARS && checksum(body) == sum;
        is_whole.then(|| Self { kind, text: SecretString::from(text) })
    }

    /// What it is for.
    pub fn kind(&self) -> OpaqueKind {
        self.kind
    }

    /// What auth knows of it.
    pub fn hash(&self) -> TokenHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.expose().as_bytes()).as_ref());
        hash
    }

    /// Its beginning, which opens nothing.
    pub fn shown(&self) -> &str {
        &self.expose()[..self.kind.prefix().len() + SHOWN_CHARS]
    }

    /// The text, for the one who is to present it.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

fn letter(number: u32) -> char {
    char::from(ALPHABET[(number % 62) as usize])
}

/// The CRC-32 of a text, in six letters.
fn checksum(text: &str) -> String {
    let crc = !text.bytes().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    });
    let digits = (0..CHECKSUM_CHARS as u32).rev();
    digits.map(|place| letter(crc / 62_u32.pow(place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_letters_and_a_mistyped_one_is_none() {
        for kind in [OpaqueKind::Api, OpaqueKind::Grant] {
            let token = OpaqueToken::draw(kind);
            let text = token.expose();
            let parsed = OpaqueToken::parse(text).unwrap();
            assert_eq!((parsed.kind(), parsed.hash()), (kind, token.hash()));
            assert!(text.starts_with(token.shown()) && token.shown().len() == 12);
            assert!(!format!("{token:?}").contains(&text[4..12]));
            for at in 0..text.len() {
                let mut mistyped = text.to_owned();
                let other = if &text[at..=at] == "x" { "y" } else { "x" };
                mistyped.replace_range(at..=at, other);
                assert!(OpaqueToken::parse(&mistyped).is_none(), "letter {at}");
            }
            assert!(OpaqueToken::parse(&text[..text.len() - 1]).is_none());
        }
        for none in ["", "elk_", "elk_ümläut", "elz_0123456789", &"e".repeat(42)] {
            assert!(OpaqueToken::parse(none).is_none(), "{none}");
        }
    }

    #[test]
    fn the_checksum_is_the_one_that_everybody_calls_crc_32() {
        // 0xcbf43926, the check value of CRC-32, is 3421780262.
        let digits = checksum("123456789");
        let number = digits.bytes().fold(0_u64, |number, digit| {
            let digit = ALPHABET.iter().position(|letter| *letter == digit).unwrap();
            number * 62 + digit as u64
        });
        assert_eq!(number, 0xcbf4_3926);
    }
}
