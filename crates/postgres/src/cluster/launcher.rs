//! Who runs PostgreSQL. It refuses root, so root's child maps itself to another user, or becomes one.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Error;

/// Users that may run PostgreSQL for root, the best first.
const CANDIDATES: [&str; 3] = ["postgres", "nobody", "daemon"];

/// How PostgreSQL's programs are started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Launcher {
    identity: Identity,
    /// Whether the kernel can be told to stop PostgreSQL when the thread that started it ends.
    binds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// As ourselves.
    Own,
    /// In a user namespace, where we bear another user's number. Files stay ours, so folders that only
    /// we may enter stay reachable.
    Mapped(User),
    /// As another user, who is given the folder.
    Switched(User),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct User {
    uid: u32,
    gid: u32,
}

impl Launcher {
    /// Finds out who can run PostgreSQL on this data folder, which may not exist yet.
    pub(super) async fn of(data: &Path) -> Result<Self, Error> {
        let data = data.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let binds =
                succeeds(Command::new("setpriv").args(["--pdeathsig", "INT", "--", "true"]));
            Ok(Self { identity: Identity::of(&data)?, binds })
        });
        found.await.unwrap_or_else(|error| Err(Error::at("id")(std::io::Error::other(error))))
    }

    /// A program as that user, without our environment: it holds secrets that are not PostgreSQL's.
    pub(super) fn command(&self, program: &Path) -> Command {
        match self.identity {
            Identity::Own => bare(program),
            Identity::Mapped(user) => {
                let mut command = user.unshare();
                command.arg(program);
                command
            }
            Identity::Switched(user) => {
                let mut command = bare(program);
                command.uid(user.uid).gid(user.gid);
                command
            }
        }
    }

    /// The same, stopped by the kernel when the calling thread ends.
    pub(super) fn bound_command(&self, program: &Path) -> Command {
        if !self.binds {
            return self.command(program);
        }
        let mut command = self.command(Path::new("setpriv"));
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command
    }

    /// Gives a folder and what is in it to the user who runs PostgreSQL.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), Error> {
        match self.identity {
            Identity::Own | Identity::Mapped(_) => Ok(()),
            Identity::Switched(user) => give(path, user).map_err(Error::at(path)),
        }
    }
}

impl Identity {
    fn of(data: &Path) -> Result<Self, Error> {
        let own = rustix::process::geteuid().as_raw();
        let owner = match fs::metadata(data) {
            Ok(metadata) => Some(User { uid: metadata.uid(), gid: metadata.gid() }),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(Error::Io { path: data.to_owned(), source }),
        };
        match owner {
            Some(user) if user.uid != own && own == 0 => return Ok(Self::Switched(user)),
            Some(user) if user.uid != own => {
                return Err(Error::Owner { data: data.to_owned(), owner: user.uid });
            }
            Some(_) | None => {}
        }
        if own != 0 && succeeds(Command::new("id").arg("-un")) {
            return Ok(Self::Own);
        }
        let user = CANDIDATES.into_iter().find_map(User::named).ok_or(Error::NoUser)?;
        if succeeds(user.unshare().arg("true")) {
            return Ok(Self::Mapped(user));
        }
        if own == 0 { Ok(Self::Switched(user)) } else { Err(Error::NoUser) }
    }
}

impl User {
    fn named(name: &str) -> Option<Self> {
        Some(Self { uid: number("-u", name)?, gid: number("-g", name)? })
    }

    fn unshare(self) -> Command {
        let mut command = bare(Path::new("unshare"));
        command
            .arg("--user")
            .arg(format!("--map-user={}", self.uid))
            .arg(format!("--map-group={}", self.gid))
            .arg("--");
        command
    }
}

fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn number(option: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([option, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn give(path: &Path, user: User) -> std::io::Result<()> {
    lchown(path, Some(user.uid), Some(user.gid))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    }
    Ok(())
}
