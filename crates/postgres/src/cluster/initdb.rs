//! Making the data folder, in one step: it is there whole or not at all.

use std::fs;
use std::process::Output;

use tokio::process::Command;

use super::folder::{Folder, private_dir};
use super::launcher::Launcher;
use super::{Error, Options, Programs, SUPERUSER};

/// Makes the data folder with checksums, UTF-8 and passwords for everyone, unless it is there.
pub(super) async fn unless_made(
    folder: &Folder,
    programs: &Programs,
    launcher: &Launcher,
    options: Options,
) -> Result<(), Error> {
    let data = folder.data();
    if data.exists() {
        return Ok(());
    }
    let mut last = None;
    for locale in locales(programs.version()) {
        let output = initdb(folder, programs, launcher, options, locale).await?;
        if output.status.success() {
            return fs::rename(folder.path().join("data.new"), &data).map_err(Error::at(&data));
        }
        last = Some(output);
    }
    let said =
        last.map(|output| String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "));
    Err(Error::Initdb { said: said.unwrap_or_default() })
}

/// Sorted by code point everywhere: an order that depends on no library, so that no upgrade of the
/// system ruins an index. A system that lacks C.UTF-8 folds the case of ASCII only.
fn locales(version: u32) -> &'static [&'static [&'static str]] {
    if version >= 17 {
        &[&["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    } else {
        &[&["--locale=C.UTF-8"], &["--locale=C"]]
    }
}

async fn initdb(
    folder: &Folder,
    programs: &Programs,
    launcher: &Launcher,
    options: Options,
    locale: &[&str],
) -> Result<Output, Error> {
    let fresh = folder.path().join("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(Error::at(&fresh))?;
    }
    private_dir(&fresh)?;
    launcher.hand_over(folder.path())?;

    let program = programs.initdb();
    let mut command = Command::from(launcher.command(&program));
    command
        .arg("--pgdata")
        .arg(&fresh)
        .arg("--pwfile")
        .arg(folder.secret_file(SUPERUSER))
        .args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"])
        .args(["--data-checksums", "--no-instructions"])
        .args(locale)
        .kill_on_drop(true);
    if !options.fsync {
        command.arg("--no-sync");
    }
    command.output().await.map_err(Error::at(&program))
}
