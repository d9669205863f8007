//! Where files are kept, `MAX_FILE_SIZE`, `ALLOWED_FILE_TYPES`, where the readers of files are, and
//! `DETECT_BY_MODEL`.

use std::path::PathBuf;

use elenchus_durable::Terms;
use elenchus_settings::{Env, Invalid};

use crate::extract::FileType;
use crate::recognize;
use crate::storage::{Place, SweepPace};
use crate::vector::Effort;

/// How often the work on a file may end with its process before it is given up. Files are read in processes
/// of their own, so that it is seldom the file's fault: a machine that dies again and again loses none.
const ATTEMPTS: i32 = 10;

/// What the document service reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where files are kept.
    pub place: Place,
    /// When bytes that no document has are cleared away.
    pub sweep: SweepPace,
    /// Bytes that a file may have.
    pub max_file_size: u64,
    /// Formats that are taken.
    pub allowed: Vec<FileType>,
    /// The program that reads files in its jail.
    pub extractor: PathBuf,
    /// How long work is leased, and how often it is tried.
    pub terms: Terms,
    /// What recognises the words of scanned pages.
    pub recognition: recognize::Settings,
    /// How searches by meaning are done.
    pub effort: Effort,
    /// Where the embedding model is.
    pub embedding: elenchus_embedding::Settings,
    /// Whether a language model, where one is in use, is asked what a document is.
    pub detects_by_model: bool,
}

impl Settings {
    /// Reads the variables above.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let data_dir = PathBuf::from(env.text("ELENCHUS_DATA_DIR").unwrap_or("data"));
        let extractor = match env.text("ELENCHUS_EXTRACTOR") {
            Some(program) => PathBuf::from(program),
            None => std::env::current_exe()
                .map_err(|error| Invalid::new("ELENCHUS_EXTRACTOR", error))?,
        };
        Ok(Self {
            place: Place::from_env(env, data_dir.join("uploads"))?,
            sweep: SweepPace::default(),
            max_file_size: env.or("MAX_FILE_SIZE", 50 * 1024 * 1024)?,
            allowed: allowed(env)?,
            extractor,
            terms: Terms { attempts: ATTEMPTS, ..Terms::default() },
            recognition: recognize::Settings::from_env(env)?,
            effort: effort(env)?,
            embedding: elenchus_embedding::Settings::from_env(env)?,
            detects_by_model: env.switch("DETECT_BY_MODEL", true)?,
        })
    }
}

fn effort(env: &Env) -> Result<Effort, Invalid> {
    let Effort { exact_up_to, memory, words_exact_up_to, word_memory, candidates } =
        Effort::default();
    let bytes = |name, default: u64| Ok(env.or(name, default >> 20)?.saturating_mul(1 << 20));
    Ok(Effort {
        exact_up_to: env.or("VECTOR_EXACT_UP_TO", exact_up_to)?,
        memory: bytes("VECTOR_MEMORY_MB", memory)?,
        words_exact_up_to: env.or("WORDS_EXACT_UP_TO", words_exact_up_to)?,
        word_memory: bytes("WORD_MEMORY_MB", word_memory)?,
        candidates: env.or("SEARCH_CANDIDATES", candidates)?,
    })
}

fn allowed(env: &Env) -> Result<Vec<FileType>, Invalid> {
    const NAME: &str = "ALLOWED_FILE_TYPES";
    let Some(names) = env.json::<Vec<String>>(NAME)? else {
        return Ok(FileType::ALL.to_vec());
    };
    names
        .iter()
        .map(|name| name.trim_start_matches('.').parse().map_err(|error| Invalid::new(NAME, error)))
        .collect()
}
