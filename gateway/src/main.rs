//! The gateway in a process of its own. The address of every service must be set.

use std::process::ExitCode;

use elenchus_process::{Farewell, Process, Role, Share, run};

fn main() -> ExitCode {
    run(Role::Gateway.name(), Share::OneRole, async |env, shutdown| {
        let process = Process::new(env, &[Role::Gateway], shutdown).await?;
        elenchus_gateway::start(&process).await?;
        Ok(Box::pin(std::future::ready(())) as Farewell)
    })
}
