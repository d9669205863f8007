//! REST over gRPC, from descriptors alone: every method with a `google.api.http` option that is not
//! only for services becomes a route. It knows no service by name.

pub(crate) mod binding;
pub(crate) mod body;
pub(crate) mod codec;
pub(crate) mod kind;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod routes;
pub(crate) mod rule;

use std::collections::HashMap;
use std::sync::Arc;

use elenchus_proto::pb::rpc::v1::Access;
use elenchus_rpc::Transport;
use elenchus_rpc::method;
use http::Method;
use http::uri::PathAndQuery;
use prost_reflect::{DescriptorPool, MethodDescriptor};

pub(crate) use self::binding::Binding;
pub(crate) use self::codec::Violation;
use self::codec::schema::{MessageId, Schema};
pub(crate) use self::kind::Kind;
pub(crate) use self::routes::Found;
use self::routes::Routes;
use crate::Peers;

/// A method of a peer that clients may call.
#[derive(Debug)]
pub(crate) struct Rpc {
    /// Such as `elenchus.auth.v1.AuthService.Login`.
    pub(crate) full_name: String,
    /// Such as `/elenchus.auth.v1.AuthService/Login`.
    pub(crate) path: PathAndQuery,
    pub(crate) transport: Transport,
    pub(crate) input: MessageId,
    pub(crate) output: MessageId,
    pub(crate) is_client_streaming: bool,
    pub(crate) is_server_streaming: bool,
}

/// All that can be called, by route and by gRPC path.
#[derive(Debug)]
pub(crate) struct Transcoder {
    pub(crate) schema: Schema,
    pub(crate) bindings: Vec<Binding>,
    rpcs: HashMap<String, Arc<Rpc>>,
    routes: Routes,
}

/// Why descriptors do not make an API.
#[derive(Debug, thiserror::Error)]
pub enum BadContract {
    /// The method does not say who may call it.
    #[error("{method}: nobody is allowed to call it")]
    NoAccess {
        /// The method's full name.
        method: String,
    },
    /// No peer offers the service.
    #[error("{service}: there is no way to it")]
    NoPeer {
        /// The service's full name.
        service: String,
    },
    /// The `google.api.http` option is wrong.
    #[error("{method}: {problem}")]
    BadRule {
        /// The method's full name.
        method: String,
        /// What is wrong.
        problem: String,
    },
    /// Two methods answer the same requests.
    #[error("{one} and {other} are both bound to {route}")]
    Collision {
        /// A method's full name.
        one: String,
        /// Another's.
        other: String,
        /// The route.
        route: String,
    },
}

impl Transcoder {
    /// Compiles every method of the pool. Paths that begin with `/api/v1` begin with `prefix`.
    pub(crate) fn build(
        pool: &DescriptorPool,
        peers: &Peers,
        prefix: &str,
    ) -> Result<Self, BadContract> {
        let schema = Schema::compile(pool);
        let (mut rpcs, mut bindings, mut routes) = (HashMap::new(), Vec::new(), Routes::default());
        for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
            match method::of(&method).access {
                Access::Public | Access::User | Access::Superuser => {}
                Access::Service | Access::OnBehalf => continue,
                Access::Unspecified => {
                    return Err(BadContract::NoAccess { method: method.full_name().to_owned() });
                }
            }
            let rpc = Arc::new(Rpc::new(&method, &schema, peers)?);
            rpcs.insert(rpc.path.as_str().to_owned(), Arc::clone(&rpc));
            for binding in Binding::of_method(&method, &rpc, &schema, prefix)? {
                add(&mut routes, &mut bindings, binding)?;
            }
        }
        Ok(Self { schema, bindings, rpcs, routes })
    }

    /// The binding of a request, or why there is none. HEAD asks as GET.
    pub(crate) fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'p> {
        let found = self.routes.find(method, path);
        if method == Method::HEAD
            && let Found::OtherMethods(methods) = &found
            && methods.contains(&Method::GET)
        {
            return self.routes.find(&Method::GET, path);
        }
        found
    }

    /// The method behind a gRPC path.
    pub(crate) fn rpc(&self, path: &str) -> Option<&Arc<Rpc>> {
        self.rpcs.get(path)
    }
}

fn add(
    routes: &mut Routes,
    bindings: &mut Vec<Binding>,
    binding: Binding,
) -> Result<(), BadContract> {
    routes.add(binding.method.clone(), &binding.template, bindings.len()).map_err(|known| {
        BadContract::Collision {
            one: bindings[known].rpc.full_name.clone(),
            other: binding.rpc.full_name.clone(),
            route: format!("{} {}", binding.method, binding.route),
        }
    })?;
    bindings.push(binding);
    Ok(())
}

impl Rpc {
    fn new(method: &MethodDescriptor, schema: &Schema, peers: &Peers) -> Result<Self, BadContract> {
        let bad = |problem: &str| BadContract::BadRule {
            method: method.full_name().to_owned(),
            problem: problem.to_owned(),
        };
        let service = method.parent_service();
        let transport = peers
            .get(service.full_name())
            .ok_or_else(|| BadContract::NoPeer { service: service.full_name().to_owned() })?;
        let path = format!("/{}/{}", service.full_name(), method.name());
        let message =
            |name: &str| schema.find(name).ok_or_else(|| bad("its messages are not in the pool"));
        Ok(Self {
            full_name: method.full_name().to_owned(),
            path: path.parse().map_err(|_| bad("its name is no path"))?,
            transport: transport.clone(),
            input: message(method.input().full_name())?,
            output: message(method.output().full_name())?,
            is_client_streaming: method.is_client_streaming(),
            is_server_streaming: method.is_server_streaming(),
        })
    }
}
