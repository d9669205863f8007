//! The private servers of a test run.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use elenchus_postgres::cluster::{Cluster, Error, Options, Programs};
use elenchus_settings::Env;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::port::free_port;
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

/// Ends the PostgreSQL of a folder as kill -9 would. Its cluster starts it again.
pub fn kill_postgres(folder: &TempDir) -> io::Result<()> {
    let file = std::fs::read_to_string(folder.path().join("postgres/data/postmaster.pid"))?;
    let pid = file.lines().next().and_then(|line| Pid::from_raw(line.trim().parse().ok()?));
    let pid = pid.ok_or_else(|| io::Error::other("postmaster.pid names no process"))?;
    Ok(kill_process(pid, Signal::KILL)?)
}

/// A Redis that keeps nothing. Dropping it ends it.
pub struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// Starts one on a free port, where the program is installed.
    pub fn start() -> io::Result<Option<Self>> {
        let port = free_port();
        match spawn_redis(port) {
            Ok(server) => {
                let mut redis = Self { server, port };
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

    /// Kills it, with all that it holds.
    pub fn kill(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Starts an empty one at the same place.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        self.server = spawn_redis(self.port)?;
        self.wait_until_ready()
    }

    /// Keeps its connections, and lets it answer nothing.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it answer again.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.server), signal).expect("it lives");
    }

    /// Waits for the answer of the process that was started: a stranger may have taken the port.
    fn wait_until_ready(&mut self) -> io::Result<()> {
        let own = format!("process_id:{}\r", self.server.id());
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.server.try_wait()? {
                return Err(io::Error::other(format!("redis-server ended with {status}")));
            }
            match self.information() {
                Ok(information) if information.contains(&own) => return Ok(()),
                Err(error) if Instant::now() > patience => return Err(error),
                Ok(_) if Instant::now() > patience => {
                    return Err(io::Error::other("a stranger's Redis was reached"));
                }
                Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// What the server at the port says of itself.
    fn information(&self) -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"INFO server\r\nQUIT\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

fn spawn_redis(port: u16) -> io::Result<Child> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
