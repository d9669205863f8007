//! The contract of the mesh: messages, clients, servers and descriptors, made from the `.proto`
//! files beside this crate. It holds no logic.

pub mod json;

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

/// The generated modules, named as the proto packages: `pb::auth::v1`.
pub use self::generated::elenchus as pb;
/// `google.api.HttpBody` and its neighbours.
pub use self::generated::google;

mod generated {
    #![allow(clippy::all, missing_docs, unreachable_pub, clippy::allow_attributes)]
    include!(concat!(env!("OUT_DIR"), "/elenchus.rs"));
}

/// The encoded `FileDescriptorSet` of every proto, with imports, options and comments.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/elenchus.binpb"));

/// The descriptors, ready to be walked.
pub static DESCRIPTORS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(DESCRIPTOR_SET)
        .unwrap_or_else(|error| unreachable!("our own descriptor set does not decode: {error}"))
});
