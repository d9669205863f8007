//! Where the other services are: at an address when one is set, else in this process.

use std::collections::HashMap;
use std::sync::Arc;

use elenchus_rpc::transport::{Late, Transport, remote, remote_with_tls};
use elenchus_rpc::{Shutdown, Tls};
use elenchus_settings::{Env, Invalid};
use http::Uri;

use crate::role::Role;

/// The ways to the services, far ones and near ones.
#[derive(Clone)]
pub struct Peers {
    ways: Arc<HashMap<Role, Way>>,
}

enum Way {
    Far(Transport),
    Near(Late),
}

impl Peers {
    /// A peer whose address is not set is one that lives here.
    pub fn from_env(
        env: &Env,
        here: &[Role],
        tls: Option<&Tls>,
        shutdown: &Shutdown,
    ) -> Result<Self, Invalid> {
        let mut ways = HashMap::new();
        for role in Role::SERVICES {
            let variable = role.address_variable();
            if let Some(address) = env.optional::<Uri>(variable)? {
                let far = match tls {
                    Some(tls) => remote_with_tls(&address, role.name(), tls, shutdown),
                    None => remote(&address, shutdown),
                };
                let far =
                    far.map_err(|error| Invalid::new(variable, format!("{address} {error}")))?;
                ways.insert(role, Way::Far(far));
            } else if here.contains(&role) {
                ways.insert(role, Way::Near(Late::default()));
            }
        }
        Ok(Self { ways: Arc::new(ways) })
    }

    /// The way to a service, without a signature.
    pub fn transport(&self, role: Role) -> Result<Transport, Invalid> {
        match self.ways.get(&role) {
            Some(Way::Far(transport)) => Ok(transport.clone()),
            Some(Way::Near(late)) => Ok(late.transport()),
            None => Err(Invalid::new(
                role.address_variable(),
                format!(
                    "is required where the {} service does not run in this process",
                    role.name()
                ),
            )),
        }
    }

    /// Says that a service of this process is built and can be called.
    pub fn bind(&self, role: Role, transport: Transport) {
        if let Some(Way::Near(late)) = self.ways.get(&role) {
            late.bind(transport);
        }
    }
}
