//! The cluster's folder: the lock that keeps a second process out, the passwords, the log and the
//! place of the socket.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{Error, PORT};

const LOG_LIMIT: u64 = 8 << 20;
const LOG_END: u64 = 4 << 10;

/// The cluster's folder. Everything in it is for its owner only.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::at(path))?;
        let path = path.canonicalize().map_err(Error::at(path))?;
        private_dir(&path.join("secrets"))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("postgres.log")
    }

    /// Keeps other processes out for as long as the file is open.
    pub(super) fn lock(&self) -> Result<File, Error> {
        let path = self.0.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(Error::at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(Error::at(&path))?;
                let pid = if pid.is_empty() { "?".to_owned() } else { pid };
                return Err(Error::Locked { folder: self.0.clone(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
        }
        file.set_len(0).map_err(Error::at(&path))?;
        file.write_all(std::process::id().to_string().as_bytes()).map_err(Error::at(&path))?;
        Ok(file)
    }

    /// The file that holds a role's password, for initdb.
    pub(super) fn secret_file(&self, role: &str) -> PathBuf {
        self.0.join("secrets").join(role)
    }

    /// A role's password, made at the first call and kept.
    pub(super) fn secret(&self, role: &str) -> Result<SecretString, Error> {
        let path = self.secret_file(role);
        match fs::read_to_string(&path) {
            Ok(password) if !password.is_empty() => return Ok(password.into()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { path, source }),
        }
        let password = random_hex()?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::at(&path))?;
        file.write_all(password.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(Error::at(&path))?;
        Ok(password.into())
    }

    /// The socket's folder: in this one, or under the system's temporary folder where this one's path
    /// is too long for a socket or its file system knows none.
    pub(super) fn socket(&self) -> Result<SocketFolder, Error> {
        let path = self.0.join("socket");
        private_dir(&path)?;
        let probe = path.join(format!(".s.PGSQL.{PORT}.probe"));
        let _ = fs::remove_file(&probe);
        let bound = UnixListener::bind(&probe);
        let _ = fs::remove_file(&probe);
        if bound.is_ok() {
            return Ok(SocketFolder { path, is_temporary: false });
        }
        let path = std::env::temp_dir().join(format!("elenchus-{}", &random_hex()?[..16]));
        DirBuilder::new().mode(0o700).create(&path).map_err(Error::at(&path))?;
        Ok(SocketFolder { path, is_temporary: true })
    }

    /// The log, to be appended to. One that has grown long is put aside first.
    pub(super) fn open_log(&self) -> Result<File, Error> {
        let path = self.log();
        if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_LIMIT) {
            fs::rename(&path, path.with_extension("log.old")).map_err(Error::at(&path))?;
        }
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::at(&path))
    }

    /// The last complaint in the log, or else its last line.
    pub(super) fn last_words(&self) -> String {
        let Ok(end) = self.log_end() else { return "it left no log".to_owned() };
        let complaint =
            end.lines().rev().find(|line| line.contains("FATAL:") || line.contains("PANIC:"));
        complaint.or_else(|| end.lines().last()).unwrap_or("it logged nothing").trim().to_owned()
    }

    fn log_end(&self) -> std::io::Result<String> {
        let mut log = File::open(self.log())?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(LOG_END)))?;
        let mut end = Vec::new();
        log.read_to_end(&mut end)?;
        Ok(String::from_utf8_lossy(&end).into_owned())
    }
}

/// Where the socket is. A temporary folder goes when this does.
pub(super) struct SocketFolder {
    path: PathBuf,
    is_temporary: bool,
}

impl SocketFolder {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes a folder for its owner only, or makes it so.
pub(super) fn private_dir(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o700)))
        .map_err(Error::at(path))
}

/// 192 bits that nobody can guess.
pub(super) fn random_hex() -> Result<String, Error> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::at("the system's random numbers")(std::io::Error::from(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
