//! The passwords that guessers try first. `passwords/NOTICE` says where the list is from.

use std::collections::HashSet;
use std::sync::LazyLock;

/// In lower case, sorted.
const LIST: &str = include_str!("../../passwords/common.txt");

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| LIST.lines().collect());

/// Repeats of so few characters are as common as the list.
const SHORT: usize = 4;

/// Whether a password is on the list, or is one on the list or a few characters again and again.
pub(super) fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    if COMMON.contains(folded.as_str()) {
        return true;
    }
    let chars: Vec<char> = folded.chars().collect();
    let period = (1..=chars.len() / 2)
        .find(|period| chars.iter().zip(chars.iter().skip(*period)).all(|(one, next)| one == next));
    period.is_some_and(|period| {
        let block: String = chars.iter().take(period).collect();
        period <= SHORT || COMMON.contains(block.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guessers_try_first_is_known_however_it_is_cased_and_repeated() {
        for common in ["password", "Password1", "iloveyou", "QWERTYUIOP", "password123"] {
            assert!(is_common(common), "{common}");
        }
        for repeated in ["aaaaaaaaaaaaaaa", "abcabcabcabcabc", "passwordpassword", "xyzxyzxyzxy"] {
            assert!(is_common(repeated), "{repeated}");
        }
        for rare in ["testpassword", "correct horse battery", "pässwörtlich", "newpassword123"] {
            assert!(!is_common(rare), "{rare}");
        }
        assert!(COMMON.len() > 10_000);
    }
}
