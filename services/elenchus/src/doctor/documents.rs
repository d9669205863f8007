//! What reading and finding documents needs.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use elenchus_document::{probe_files, probe_jails};
use sha2::{Digest, Sha256};

use super::installation::Installation;
use super::report::Check;

/// Of the weights that `scripts/fetch-model.sh` fetches.
const MODEL_SHA256: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
const FETCH_MODEL: &str = "run scripts/fetch-model.sh, and name the folder in EMBEDDING_MODEL_DIR";

/// The place where files are kept.
pub(super) async fn files(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "files";
    let Some(document) = &installation.document else { return Vec::new() };
    let place = &document.place;
    vec![match probe_files(place).await {
        Ok(()) => Check::ok(NAME, format!("{place} takes, gives and deletes them")),
        Err(error) => Check::failed(
            NAME,
            format!("{place}: {error}"),
            "let this user write to the folder, or correct the bucket's name, address and keys",
        ),
    }]
}

/// The walls around the reading process.
pub(super) async fn jail(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "jail";
    let Some(document) = &installation.document else { return Vec::new() };
    vec![match probe_jails(&document.extractor).await {
        Ok(leaks) if leaks.is_empty() => Check::ok(
            NAME,
            "reading processes have no files, no network, no processes, and bounded memory",
        ),
        Ok(leaks) => Check::failed(
            NAME,
            leaks.join("; "),
            "run on Linux with seccomp allowed for this process, and limits that may be lowered",
        ),
        Err(error) => Check::failed(
            NAME,
            format!("{}: {error}", document.extractor.display()),
            "name this program, or another of the same version, in ELENCHUS_EXTRACTOR, or unset it",
        ),
    }]
}

/// What reads scans.
pub(super) async fn scans(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "scans";
    let Some(document) = &installation.document else { return Vec::new() };
    vec![match document.recognition.installed().await {
        Ok(Some(found)) if found.missing_languages.is_empty() => {
            Check::ok(NAME, found.programs.join(", "))
        }
        Ok(Some(found)) => {
            let languages = found.missing_languages;
            let packages: Vec<String> = languages
                .iter()
                .map(|language| format!("tesseract-ocr-{}", language.replace('_', "-")))
                .collect();
            Check::failed(
                NAME,
                format!("tesseract does not know {} of OCR_LANGUAGE", languages.join(" and ")),
                format!("apt-get install {}, or change OCR_LANGUAGE", packages.join(" ")),
            )
        }
        Ok(None) => Check::missing(
            NAME,
            format!(
                "{} is not installed: scans, and parts of PDFs, stay unread",
                document.recognition.missing().join(" and ")
            ),
            "apt-get install tesseract-ocr poppler-utils",
        ),
        Err(error) => Check::failed(
            NAME,
            format!("tesseract or pdftoppm does not run: {error}"),
            "apt-get install --reinstall tesseract-ocr poppler-utils",
        ),
    }]
}

/// The model that finds passages by their meaning.
pub(super) async fn embedding(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "embedding model";
    let Some(document) = &installation.document else { return Vec::new() };
    if let Some(offer) = &document.embedding.offer {
        // Not asked: that would cost, and a provider that is away keeps nobody from working.
        return vec![Check::ok(NAME, format!("{}, of a provider", offer.model))];
    }
    let Some(folder) = document.embedding.folder.clone() else {
        return vec![Check::missing(NAME, "documents are searched by words alone", FETCH_MODEL)];
    };
    let shown = folder.display().to_string();
    let summed = tokio::task::spawn_blocking(move || whole(&folder)).await;
    vec![match summed.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(true) => Check::ok(NAME, format!("all-MiniLM-L6-v2 in {shown}, as it was published")),
        Ok(false) => Check::failed(
            NAME,
            format!("model.safetensors in {shown} is not the one that was published"),
            format!("delete {shown} and {FETCH_MODEL}"),
        ),
        Err(error) => Check::failed(NAME, format!("{shown}: {error}"), FETCH_MODEL),
    }]
}

/// Whether the files of the model are there, and the weights are the published ones.
fn whole(folder: &Path) -> io::Result<bool> {
    for name in ["tokenizer.json", "config.json"] {
        File::open(folder.join(name))?;
    }
    let mut weights = File::open(folder.join("model.safetensors"))?;
    let mut sum = Sha256::new();
    let mut part = vec![0; 1 << 20];
    loop {
        let length = weights.read(&mut part)?;
        if length == 0 {
            break;
        }
        sum.update(&part[..length]);
    }
    let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(sum == MODEL_SHA256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_script_which_fetches_the_model() {
        let script = include_str!("../../../../scripts/fetch-model.sh");
        assert!(script.contains(&format!("model_sha256={MODEL_SHA256}")));
    }
}
