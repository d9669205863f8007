//! What the programs that read scans say of themselves.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Settings;

const PATIENCE: Duration = Duration::from_secs(10);

/// What reads scans here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The programs, with their versions.
    pub programs: Vec<String>,
    /// Those languages of `OCR_LANGUAGE` that are not installed.
    pub missing_languages: Vec<String>,
}

impl Settings {
    /// Asks the programs. None where one of them is missing.
    pub async fn installed(&self) -> io::Result<Option<Installed>> {
        let (Some(tesseract), Some(pdftoppm), Some(_)) =
            (&self.tesseract, &self.pdftoppm, &self.pdftotext)
        else {
            return Ok(None);
        };
        let programs = vec![
            version(&self.ask(tesseract, "--version").await?),
            version(&self.ask(pdftoppm, "-v").await?),
        ];
        let listed = self.ask(tesseract, "--list-langs").await?;
        let is_missing = |language: &&str| !listed.lines().any(|line| line.trim() == *language);
        let missing_languages =
            self.language.split('+').filter(is_missing).map(str::to_owned).collect();
        Ok(Some(Installed { programs, missing_languages }))
    }

    /// What a program says on either of its streams.
    async fn ask(&self, program: &Path, option: &str) -> io::Result<String> {
        let mut command = Command::new(program);
        command.arg(option).env_clear().env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        if let Some(folder) = &self.tessdata {
            command.env("TESSDATA_PREFIX", folder);
        }
        let said = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await??;
        let said = [said.stdout, said.stderr].concat();
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

/// Of `pdftoppm version 22.12.0` and more lines, the first.
fn version(said: &str) -> String {
    said.lines().next().unwrap_or_default().replace(" version ", " ").trim().to_owned()
}
