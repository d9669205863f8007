//! Recovery codes: what is left when the authenticator is lost. Each works once.

use elenchus_rpc::UserId;
use sha2::{Digest, Sha256};

use super::base32;
use crate::domain::Error;

/// Codes that an account has at once.
const COUNT: usize = 10;
/// 80 bits: nobody guesses one, however fast the hash is.
const BYTES: usize = 10;

/// Fresh codes, to be shown once.
pub(crate) fn generate() -> Result<Vec<String>, Error> {
    (0..COUNT)
        .map(|_| {
            let mut bytes = [0; BYTES];
            getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
            let text = base32::encode(&bytes);
            let groups: Vec<&str> =
                (0..text.len()).step_by(4).filter_map(|at| text.get(at..at + 4)).collect();
            Ok(groups.join("-"))
        })
        .collect()
}

/// What the store knows of a code, however it is typed.
pub(crate) fn hash(owner: UserId, code: &str) -> [u8; 32] {
    let typed: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::new_with_prefix(owner.0.as_bytes())
        .chain_update(typed.to_ascii_uppercase())
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn codes_differ_and_may_be_typed_in_any_way() {
        let codes = generate().unwrap();
        let mut distinct = codes.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((codes.len(), distinct.len()), (COUNT, COUNT));
        let owner = UserId(Uuid::now_v7());
        let typed = codes[0].to_lowercase().replace('-', " ");
        assert_eq!(hash(owner, &codes[0]), hash(owner, &typed));
        assert_ne!(hash(owner, &codes[0]), hash(owner, &codes[1]));
        assert_ne!(hash(owner, &codes[0]), hash(UserId(Uuid::now_v7()), &codes[0]));
    }
}
