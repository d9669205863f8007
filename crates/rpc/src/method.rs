//! What the protos say of each method: who may call it, and whether it streams.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use elenchus_proto::DESCRIPTORS;
use elenchus_proto::pb::rpc::v1::{Access, IdempotencyKey};
use prost_reflect::{DescriptorPool, MethodDescriptor, Value};

/// A method of the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Who may call it.
    pub access: Access,
    /// The named role that the caller must have besides.
    pub role: Option<String>,
    /// What a token with limited rights must allow. `None`: no such token opens the method.
    pub scope: Option<String>,
    /// Whether it answers with a stream.
    pub is_server_streaming: bool,
    /// Whether it is asked with a stream.
    pub is_client_streaming: bool,
    /// Whether asking twice does the same as asking once, as its `idempotency_level` says.
    pub is_idempotent: bool,
    /// What an `Idempotency-Key` does for it.
    pub idempotency_key: IdempotencyKey,
}

impl Method {
    /// Whether a call of it may be made again.
    pub fn is_repeatable(&self) -> bool {
        self.is_idempotent && !self.is_server_streaming && !self.is_client_streaming
    }
}

/// The scope of methods that every token opens, whatever it is limited to.
pub const ANY_SCOPE: &str = "*";

static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| table(&DESCRIPTORS));

/// The method behind a request path such as `/elenchus.auth.v1.AuthService/GetMe`.
pub fn find(path: &str) -> Option<&'static Method> {
    METHODS.get(path)
}

/// The scopes that tokens can be limited to.
pub fn scopes() -> BTreeSet<&'static str> {
    let scopes = METHODS.values().filter_map(|method| method.scope.as_deref());
    scopes.filter(|scope| *scope != ANY_SCOPE).collect()
}

/// What the options of a method say.
pub fn of(method: &MethodDescriptor) -> Method {
    Method {
        access: access(method),
        role: text(method, "elenchus.rpc.v1.role"),
        scope: text(method, "elenchus.rpc.v1.scope"),
        is_server_streaming: method.is_server_streaming(),
        is_client_streaming: method.is_client_streaming(),
        is_idempotent: is_idempotent(method),
        idempotency_key: idempotency_key(method),
    }
}

fn access(method: &MethodDescriptor) -> Access {
    option(method, "elenchus.rpc.v1.access")
        .and_then(|value| Access::try_from(value.as_enum_number()?).ok())
        .unwrap_or(Access::Unspecified)
}

fn idempotency_key(method: &MethodDescriptor) -> IdempotencyKey {
    option(method, "elenchus.rpc.v1.idempotency_key")
        .and_then(|value| IdempotencyKey::try_from(value.as_enum_number()?).ok())
        .unwrap_or(IdempotencyKey::Unspecified)
}

/// NO_SIDE_EFFECTS and IDEMPOTENT; 0 is IDEMPOTENCY_UNKNOWN.
fn is_idempotent(method: &MethodDescriptor) -> bool {
    let level = method.options();
    let level = level.get_field_by_name("idempotency_level");
    level.and_then(|level| level.as_enum_number()).is_some_and(|level| level != 0)
}

fn text(method: &MethodDescriptor, name: &str) -> Option<String> {
    option(method, name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn option(method: &MethodDescriptor, name: &str) -> Option<Value> {
    let extension = method.parent_pool().get_extension_by_name(name)?;
    Some(method.options().get_extension(&extension).into_owned())
}

fn table(pool: &DescriptorPool) -> HashMap<String, Method> {
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            (path, of(&method))
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
            let is_for_users = matches!(method.access, Access::User | Access::Superuser);
            assert!(
                method.role.is_none() || is_for_users,
                "{path} asks a role of callers who have none"
            );
        }
        assert_eq!(METHODS["/elenchus.auth.v1.AuthService/CheckSession"].access, Access::Service);
        assert_eq!(METHODS["/elenchus.auth.v1.AuthService/Login"].access, Access::Public);
    }

    /// Accounts and tokens are the exception: whoever holds a token with limited rights must not
    /// make it more.
    #[test]
    fn every_method_for_users_says_which_scope_opens_it() {
        for (path, method) in METHODS.iter() {
            let is_for_users =
                matches!(method.access, Access::User | Access::Superuser | Access::OnBehalf);
            match method.scope.as_deref().filter(|scope| *scope != ANY_SCOPE) {
                Some(scope) => {
                    assert!(is_for_users, "{path} asks a scope of callers who have none");
                    let is_word = |word: &str| {
                        word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                    };
                    let parts = scope.split_once('.');
                    assert!(
                        parts.is_some_and(|(area, verb)| is_word(area) && is_word(verb)),
                        "{path}"
                    );
                }
                None => assert!(
                    !is_for_users
                        || path.starts_with("/elenchus.auth.")
                        || method.scope.as_deref() == Some(ANY_SCOPE),
                    "{path} lacks elenchus.rpc.v1.scope"
                ),
            }
        }
    }

    /// These end or change what there is, and do the same when they are called twice; or nothing of what they
    /// make is kept.
    const MAKE_NOTHING: [&str; 9] = [
        "/elenchus.analytics.v1.AnalyticsService/RefreshAnalytics",
        "/elenchus.auth.v1.AuthService/Logout",
        "/elenchus.auth.v1.CredentialService/ChangePassword",
        "/elenchus.auth.v1.PersonalDataService/ExportMyData",
        "/elenchus.auth.v1.SecondFactorService/DisableSecondFactor",
        "/elenchus.conversation.v1.AssistantService/AnalyzeDocument",
        "/elenchus.conversation.v1.AssistantService/GenerateBrief",
        "/elenchus.conversation.v1.ConversationService/StopGeneration",
        "/elenchus.workflow.v1.WorkflowService/CancelExecution",
    ];

    /// Nobody's keys are nobody's: public methods have none.
    #[test]
    fn what_users_make_with_post_takes_an_idempotency_key() {
        let http = DESCRIPTORS.get_extension_by_name("google.api.http").unwrap();
        for descriptor in
            DESCRIPTORS.services().flat_map(|service| service.methods().collect::<Vec<_>>())
        {
            let path =
                format!("/{}/{}", descriptor.parent_service().full_name(), descriptor.name());
            let method = &METHODS[&path];
            let rule = descriptor.options().get_extension(&http).into_owned();
            let is_post = rule.as_message().is_some_and(|rule| rule.has_field_by_name("post"));
            let is_for_users = matches!(method.access, Access::User | Access::Superuser);
            let makes = is_post && is_for_users && !method.is_idempotent;
            assert_eq!(
                method.idempotency_key != IdempotencyKey::Unspecified,
                makes && !MAKE_NOTHING.contains(&&*path),
                "{path}: see elenchus.rpc.v1.idempotency_key"
            );
        }
    }

    #[test]
    fn only_methods_between_services_have_no_route_at_the_edge() {
        let http = DESCRIPTORS.get_extension_by_name("google.api.http").unwrap();
        for method in
            DESCRIPTORS.services().flat_map(|service| service.methods().collect::<Vec<_>>())
        {
            let is_internal = matches!(access(&method), Access::Service | Access::OnBehalf);
            assert_eq!(
                method.options().has_extension(&http),
                !is_internal,
                "{}",
                method.full_name()
            );
        }
    }

    /// What is asked by GET is asked again by whoever lies between; so the mesh may too.
    #[test]
    fn what_is_read_may_be_read_again() {
        // A browser is sent to them, and what they do they do once.
        const SIGN_IN: [&str; 2] = ["BeginOidcLogin", "CompleteOidcLogin"];
        let http = DESCRIPTORS.get_extension_by_name("google.api.http").unwrap();
        let methods =
            DESCRIPTORS.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        for method in methods.filter(|method| !method.is_server_streaming()) {
            let rule = method.options().get_extension(&http).into_owned();
            let is_get = rule.as_message().is_some_and(|rule| rule.has_field_by_name("get"));
            if is_get && !SIGN_IN.contains(&method.name()) {
                assert!(
                    is_idempotent(&method),
                    "{} is read by GET, but its idempotency_level does not say so",
                    method.full_name()
                );
            }
        }
    }
}
