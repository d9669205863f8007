//! Signing and checking. The crate's defaults accept absent claims, a future `nbf`, any `typ` and an
//! unknown `crit`: all are refused here.

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::claims::Issued;
use super::{Algorithm, ISSUER, LEEWAY, Rejected};

/// The type of access tokens, as RFC 9068 names it.
pub(super) const ACCESS_TYPE: &str = "at+jwt";
/// The type of service tokens.
pub(super) const SERVICE_TYPE: &str = "elenchus-service+jwt";
/// Longer than any token that is made here.
const LONGEST: usize = 4096;

pub(super) fn sign<C: Serialize>(
    typ: &str,
    kid: Option<&str>,
    algorithm: Algorithm,
    claims: &C,
    key: &EncodingKey,
) -> Result<String, Rejected> {
    let header = Header {
        typ: Some(typ.to_owned()),
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm.of_jwt())
    };
    jsonwebtoken::encode(&header, claims, key).map_err(|_| Rejected::Invalid)
}

/// The id of the key that a token says it was signed with, where its header is as it must be.
/// Nothing of it is proved yet.
pub(super) fn key_id(
    typ: &str,
    token: &str,
    algorithm: Algorithm,
) -> Result<Option<String>, Rejected> {
    if token.len() > LONGEST {
        return Err(Rejected::Invalid);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Invalid)?;
    let is_as_it_must_be = header.alg == algorithm.of_jwt()
        && header.typ.as_deref() == Some(typ)
        && header.crit.is_none();
    if is_as_it_must_be { Ok(header.kid) } else { Err(Rejected::Invalid) }
}

pub(super) fn verify<C: DeserializeOwned + Clone + Issued>(
    typ: &str,
    token: &str,
    audience: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
) -> Result<C, Rejected> {
    key_id(typ, token, algorithm)?;
    let mut rules = Validation::new(algorithm.of_jwt());
    rules.leeway = LEEWAY.as_secs();
    rules.validate_nbf = true;
    rules.set_audience(&[audience]);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    let data = jsonwebtoken::decode::<C>(token, key, &rules).map_err(|_| Rejected::Invalid)?;
    if data.claims.is_of_the_past() { Ok(data.claims) } else { Err(Rejected::Invalid) }
}
