//! The mails of a test, as their readers see them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a mail may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder in which mails arrive.
pub(crate) struct Mailbox {
    pub(crate) folder: PathBuf,
}

/// One mail.
pub(crate) struct Mail {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

impl Mailbox {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Every mail to an address with these words in it.
    pub(crate) fn all(&self, to: &str, words: &str) -> Vec<Mail> {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let mut mails: Vec<Mail> = files
            .map(|file| file.unwrap().path())
            .filter(|file| file.extension().is_some_and(|extension| extension == "eml"))
            .map(|file| Mail { text: readable(&std::fs::read_to_string(&file).unwrap()), file })
            .filter(|mail| mail.header("To") == to && mail.text.contains(words))
            .collect();
        mails.sort_by(|one, other| one.file.cmp(&other.file));
        mails
    }

    /// Waits until there are so many of them.
    pub(crate) async fn wait(&self, to: &str, words: &str, count: usize) -> Vec<Mail> {
        let began = Instant::now();
        loop {
            let mails = self.all(to, words);
            if mails.len() >= count {
                return mails;
            }
            assert!(began.elapsed() < PATIENCE, "{} of {count} mails with {words:?}", mails.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for one, and returns what its link carries.
    pub(crate) async fn token(&self, to: &str, words: &str) -> String {
        self.wait(to, words, 1).await.pop().unwrap().token()
    }
}

impl Mail {
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\n\n").next().unwrap();
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    }

    pub(crate) fn token(&self) -> String {
        let rest = self.text.split("#token=").nth(1).expect("the mail has a link");
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    }
}

/// Without the soft line breaks and escapes of quoted-printable.
fn readable(eml: &str) -> String {
    eml.replace("\r\n", "\n").replace("=\n", "").replace("=3D", "=")
}
