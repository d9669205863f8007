//! The gateway in a process of its own. It holds no key of the mesh.

use std::process::ExitCode;

use elenchus_process::{Farewell, Role, run};

fn main() -> ExitCode {
    run(Role::Gateway.name(), async |env, shutdown| {
        elenchus_gateway::start_alone(&env, &shutdown).await?;
        Ok(Box::pin(std::future::ready(())) as Farewell)
    })
}
