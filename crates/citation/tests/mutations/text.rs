//! The documents, and what their text is compared by.

use std::fs;
use std::path::Path;

/// The text among the examples, and each truth text of the shared corpus where that is there.
pub(crate) fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let example = root.join("examples/ferpa-subpart-d.txt");
    let mut files = vec![example];
    if let Ok(truth) = fs::read_dir(root.join("../shared/corpus/truth")) {
        files.extend(truth.filter_map(Result::ok).map(|entry| entry.path()));
    }
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}

/// The same text with long words parted by hyphens at line ends.
pub(crate) fn hyphenated(text: &str) -> String {
    let mut words = text.split(' ');
    let mut out = words.next().unwrap_or_default().to_owned();
    for (at, word) in words.enumerate() {
        let is_long = word.len() > 9 && word.chars().all(|c| c.is_ascii_lowercase());
        match is_long && at % 2 == 0 {
            true => out.push_str(&format!(" {}-\n{}", &word[..4], &word[4..])),
            false => out.push_str(&format!(" {word}")),
        }
    }
    out
}

/// A plain form to find by coincidence what a mutation made: independent of the code under test.
pub(crate) fn plain(text: &str) -> String {
    let folded: String = text
        .to_lowercase()
        .chars()
        .map(|c| match c {
            '“' | '”' | '‘' | '’' | '"' | '`' | '«' | '»' => '\'',
            '–' | '—' | '‑' => '-',
            c => c,
        })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}
