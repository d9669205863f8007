//! The private servers of a test run.

use std::io;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use elenchus_postgres::cluster::{Cluster, Error, Options, Programs};
use elenchus_settings::Env;
use tempfile::TempDir;

use crate::{PG_VERSION, variable};

/// A PostgreSQL that keeps nothing.
pub async fn postgres(folder: &TempDir) -> Result<Cluster, Error> {
    let env =
        Env::of_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
    let wanted = variable(PG_VERSION);
    let programs = Programs::all(&env)?
        .into_iter()
        .find(|programs| {
            wanted.as_ref().is_none_or(|wanted| *wanted == programs.version().to_string())
        })
        .ok_or(Error::NoPrograms)?;
    Cluster::start(&folder.path().join("postgres"), &programs, Options { fsync: false }).await
}

/// A Redis that keeps nothing. Dropping it ends it.
pub struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// Starts one on a free port, where the program is installed.
    pub fn start() -> io::Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(server) => {
                let redis = Self { server, port };
                redis.wait_until_ready()?;
                Ok(Some(redis))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn wait_until_ready(&self) -> io::Result<()> {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            match std::net::TcpStream::connect(("127.0.0.1", self.port)) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > patience => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
