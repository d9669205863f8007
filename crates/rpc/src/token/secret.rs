//! `SECRET_KEY`: what is refused, and the keys that are made from it.

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use elenchus_settings::Invalid;
use secrecy::{ExposeSecret, SecretString};

const MIN_CHARS: usize = 32;
/// Less than half of what `openssl rand -hex 16` has; more than what people make up.
const MIN_BITS: f64 = 60.0;
/// Words of examples. A random key of letters and digits has none of them.
const WORDS: [&str; 8] =
    ["secret", "change", "example", "default", "password", "your-", "your_", "elenchus"];
const MEND: &str = "make one with `openssl rand -hex 32`";

/// Refuses a secret that is short, that an example shows, or that is easy to guess.
pub(super) fn check(secret: &SecretString) -> Result<(), Invalid> {
    let secret = secret.expose_secret();
    let refuse = |problem: String| Err(Invalid::new("SECRET_KEY", format!("{problem}; {MEND}")));
    if secret.chars().count() < MIN_CHARS {
        return refuse(format!("must be at least {MIN_CHARS} characters long"));
    }
    let folded = secret.to_lowercase();
    if WORDS.iter().any(|word| folded.contains(word)) {
        return refuse("was copied from an example".to_owned());
    }
    if bits(secret) < MIN_BITS {
        return refuse("is easy to guess".to_owned());
    }
    Ok(())
}

/// A key for one purpose. Those of two purposes tell nothing of each other, nor of the secret.
pub(super) fn derive(secret: &SecretString, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let extracted = Salt::new(HKDF_SHA256, b"elenchus").extract(secret.expose_secret().as_bytes());
    extracted
        .expand(&[purpose.as_bytes()], HKDF_SHA256)
        .and_then(|expanded| expanded.fill(&mut key))
        .unwrap_or_else(|_| unreachable!("32 bytes are within what HKDF can make"));
    key
}

/// How hard the text is to guess, at most: the entropy of its characters, where those that repeat
/// or count on from the one before surprise nobody, and a text that repeats itself counts once.
fn bits(text: &str) -> f64 {
    let chars: Vec<char> = text.chars().collect();
    let is_period =
        |period: &usize| chars.iter().zip(&chars[*period..]).all(|(one, two)| one == two);
    let period = (1..=chars.len() / 2).find(is_period).unwrap_or(chars.len());
    let chars = &chars[..period];
    let surprises: Vec<char> = chars
        .iter()
        .enumerate()
        .filter(|(at, this)| {
            let step = |before: char| (**this as i64 - before as i64).abs();
            at.checked_sub(1).is_none_or(|before| step(chars[before]) > 1)
        })
        .map(|(_, this)| *this)
        .collect();
    let total = surprises.len() as f64;
    let mut distinct = surprises.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let entropy: f64 = distinct
        .iter()
        .map(|one| surprises.iter().filter(|other| *other == one).count() as f64 / total)
        .map(|share| -share * share.log2())
        .sum();
    entropy * total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_were_copied_or_can_be_guessed_are_refused_and_not_repeated() {
        for weak in [
            "short",
            &"a".repeat(64),
            &"ab".repeat(32),
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "your-super-secret-key-at-least-32-characters-long",
            "correct horse correct horse correct horse",
            "CHANGE-ME-3f1c9a7be24d80561f7a9c3be5d20864",
        ] {
            let refusal = check(&SecretString::from(weak)).unwrap_err();
            assert_eq!(refusal.variable, "SECRET_KEY", "{weak}");
            assert!(
                refusal.problem.contains("openssl rand -hex 32") && !refusal.problem.contains(weak)
            );
        }
    }

    #[test]
    fn secrets_that_were_drawn_are_accepted() {
        for drawn in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "a3bf4f1b2b0b822cd15d6c15b0f00a089f86d081884c7d659a2feaa0c55ad015",
            "pRk1jZ9xWv7Lq2NfYt8Hs4Gd6Jm3Bc5K",
        ] {
            assert_eq!(check(&SecretString::from(drawn)), Ok(()), "{drawn}");
        }
    }

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let secret = SecretString::from("9f86d081884c7d659a2feaa0c55ad015");
        assert_eq!(derive(&secret, "one"), derive(&secret, "one"));
        assert_ne!(derive(&secret, "one"), derive(&secret, "two"));
        assert_ne!(derive(&secret, "one"), derive(&SecretString::from("another"), "one"));
    }
}
