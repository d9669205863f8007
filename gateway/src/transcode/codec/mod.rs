//! JSON to wire format and back, straight from compiled descriptors: no message is ever built. It
//! knows no HTTP.

pub(crate) mod number;
pub(crate) mod parse;
pub(crate) mod print;
pub(crate) mod schema;
pub(crate) mod text;
pub(crate) mod wellknown;
pub(crate) mod wire;

/// A field of the request that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The path of the field, such as `filters.category` or `sources[2]`.
    pub(crate) field: String,
    /// What is wrong, and the mend.
    pub(crate) message: String,
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// How many messages may stand inside one another. Decoders of the services stop at 100.
pub(crate) const MAX_DEPTH: usize = 90;
