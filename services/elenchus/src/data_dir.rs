//! The folder that holds everything an embedded run keeps, and the key it makes for itself.

use std::fs::{DirBuilder, OpenOptions, read_to_string};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use elenchus_settings::{Env, Invalid};

const SECRET_KEY: &str = "secret_key";

/// Makes the folder unless it is there, readable by its owner alone.
pub(crate) fn open(env: &Env) -> Result<PathBuf, Invalid> {
    let refused = |problem: io::Error| Invalid::new("ELENCHUS_DATA_DIR", problem);
    let folder = PathBuf::from(env.text("ELENCHUS_DATA_DIR").unwrap_or("data"));
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(refused)?;
    folder.canonicalize().map_err(refused)
}

/// Whether the installation has made its key.
pub(crate) fn holds_secret_key(folder: &Path) -> bool {
    folder.join(SECRET_KEY).exists()
}

/// The installation's own `SECRET_KEY`, made once.
pub(crate) fn secret_key(folder: &Path) -> io::Result<String> {
    let file = folder.join(SECRET_KEY);
    match read_to_string(&file) {
        Ok(key) => return Ok(key.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let key = draw_key()?;
    // Written beside and moved, so that a crash leaves a whole key or none.
    let fresh = folder.join("secret_key.new");
    let mut writer =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    writer.write_all(key.as_bytes())?;
    writer.sync_all()?;
    std::fs::rename(&fresh, &file)?;
    Ok(key)
}

/// A new key, kept nowhere.
pub(crate) fn draw_key() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
