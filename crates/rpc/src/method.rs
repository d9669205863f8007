//! What the protos say of each method: who may call it, and whether it streams.

use std::collections::HashMap;
use std::sync::LazyLock;

use elenchus_proto::DESCRIPTORS;
use elenchus_proto::pb::rpc::v1::Access;
use prost_reflect::{DescriptorPool, MethodDescriptor};

/// A method of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Who may call it.
    pub access: Access,
    /// Whether it answers with a stream.
    pub is_server_streaming: bool,
    /// Whether it is asked with a stream.
    pub is_client_streaming: bool,
}

static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| table(&DESCRIPTORS));

/// The method behind a request path such as `/elenchus.auth.v1.AuthService/GetMe`.
pub fn find(path: &str) -> Option<&'static Method> {
    METHODS.get(path)
}

/// Who may call a method, as its `elenchus.rpc.v1.access` option says.
pub fn access(method: &MethodDescriptor) -> Access {
    method
        .parent_pool()
        .get_extension_by_name("elenchus.rpc.v1.access")
        .and_then(|extension| method.options().get_extension(&extension).as_enum_number())
        .and_then(|number| Access::try_from(number).ok())
        .unwrap_or(Access::Unspecified)
}

fn table(pool: &DescriptorPool) -> HashMap<String, Method> {
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let method = Method {
                access: access(&method),
                is_server_streaming: method.is_server_streaming(),
                is_client_streaming: method.is_client_streaming(),
            };
            (path, method)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_says_who_may_call_it() {
        for (path, method) in METHODS.iter() {
            assert_ne!(method.access, Access::Unspecified, "{path} lacks elenchus.rpc.v1.access");
        }
        assert_eq!(METHODS["/elenchus.auth.v1.AuthService/CheckSession"].access, Access::Service);
        assert_eq!(METHODS["/elenchus.auth.v1.AuthService/Login"].access, Access::Public);
    }

    #[test]
    fn only_methods_between_services_have_no_route_at_the_edge() {
        let http = DESCRIPTORS.get_extension_by_name("google.api.http").unwrap();
        let answer = "elenchus.conversation.v1.AssistantService.Answer";
        for method in
            DESCRIPTORS.services().flat_map(|service| service.methods().collect::<Vec<_>>())
        {
            let is_internal = access(&method) == Access::Service || method.full_name() == answer;
            assert_eq!(
                method.options().has_extension(&http),
                !is_internal,
                "{}",
                method.full_name()
            );
        }
    }
}
