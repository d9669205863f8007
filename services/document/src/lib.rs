//! Files in, exact passages out: stores what users upload, reads its text in a jailed process, cuts it
//! into passages with exact places, and finds them by words and by meaning.

pub mod chunk;
pub mod extract;
