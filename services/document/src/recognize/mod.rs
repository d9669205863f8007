//! Words out of pictures: a page of a PDF drawn by poppler, its words found by tesseract, and brought into
//! the order of reading by poppler again, each a confined process of its own. Where one is not installed
//! there is no recogniser, and the pages say so.

mod hocr;
mod layer;
mod order;
mod page;
mod probe;
mod straight;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use elenchus_settings::{Env, Invalid};

pub use self::page::{Recognized, Word};
pub use self::probe::Installed;

use self::hocr::Seen;
use self::layer::layer;
use self::order::Order;
use self::straight::straightened;
use crate::bbox;
use crate::confined::Confined;

/// The longer side of a page's picture: 300 dots an inch on letter paper. Fewer lose words of small print;
/// bounded so that a page that claims to be a wall costs no more than another.
const PIXELS: &str = "3300";
const DOTS_PER_INCH: &str = "300";

/// Where the programs are, and which language the scans are in.
#[derive(Debug, Clone)]
pub struct Settings {
    tesseract: Option<PathBuf>,
    pdftoppm: Option<PathBuf>,
    pdftotext: Option<PathBuf>,
    tessdata: Option<String>,
    language: String,
}

impl Settings {
    /// Reads `OCR_LANGUAGE`, and looks for the programs in `PATH`.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let language = env.text("OCR_LANGUAGE").unwrap_or("eng").to_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '/' | '-');
        if !language.chars().all(is_name) || language.starts_with('-') {
            let problem = format!("{language:?} is not of the form eng or eng+deu");
            return Err(Invalid::new("OCR_LANGUAGE", problem));
        }
        let path = env.text("PATH").unwrap_or_default();
        Ok(Self {
            tesseract: find(path, "tesseract"),
            pdftoppm: find(path, "pdftoppm"),
            pdftotext: find(path, "pdftotext"),
            tessdata: env.text("TESSDATA_PREFIX").map(str::to_owned),
            language,
        })
    }

    /// Where poppler's drawer of pages is, if it is installed.
    pub fn pdftoppm(&self) -> Option<&Path> {
        self.pdftoppm.as_deref()
    }

    /// Where poppler's reader of text is, if it is installed.
    pub fn pdftotext(&self) -> Option<&Path> {
        self.pdftotext.as_deref()
    }

    /// The programs that are not installed.
    pub fn missing(&self) -> Vec<&'static str> {
        let programs = [
            ("tesseract", &self.tesseract),
            ("pdftoppm", &self.pdftoppm),
            ("pdftotext", &self.pdftotext),
        ];
        programs.into_iter().filter(|(_, found)| found.is_none()).map(|(name, _)| name).collect()
    }
}

fn find(path: &str, program: &str) -> Option<PathBuf> {
    path.split(':')
        .filter(|folder| !folder.is_empty())
        .map(|folder| Path::new(folder).join(program))
        .find(|file| file.is_file())
}

/// Reads scanned pages.
#[derive(Debug, Clone)]
pub struct Recognizer {
    confined: Confined,
    tesseract: PathBuf,
    pdftoppm: PathBuf,
    pdftotext: PathBuf,
    language: String,
}

impl Recognizer {
    /// `program` confines the others. None where one of them is not installed.
    pub fn new(program: PathBuf, settings: &Settings) -> Option<Self> {
        Some(Self {
            confined: Confined::new(program, settings.tessdata.clone()),
            tesseract: settings.tesseract.clone()?,
            pdftoppm: settings.pdftoppm.clone()?,
            pdftotext: settings.pdftotext.clone()?,
            language: settings.language.clone(),
        })
    }

    /// The words of a page, from 1, of a PDF. A page that cannot be drawn or read has none.
    pub async fn recognize(&self, pdf: &File, page: i32) -> io::Result<Recognized> {
        let page = page.to_string();
        // Opened anew through its descriptor, so that the reader can seek in it.
        let draw =
            ["-gray", "-scale-to", PIXELS, "-f", &page, "-l", &page, "-singlefile", "/dev/stdin"];
        let picture = self.confined.run(&self.pdftoppm, &draw, pdf.try_clone()?.into()).await?;
        let read = ["stdin", "stdout", "--dpi", DOTS_PER_INCH, "-l", &self.language, "hocr"];
        let found = self.confined.feed(&self.tesseract, &read, picture).await?;
        let seen = Seen::parse(&String::from_utf8_lossy(&found));
        let order = self.order(&seen).await?;
        Ok(Recognized::new(&seen, order))
    }

    /// The order in which poppler reads the words, as it does those of a PDF that was never printed.
    async fn order(&self, seen: &Seen) -> io::Result<Option<Order>> {
        let words = straightened(seen);
        let layer = layer(seen.width, seen.height, &words);
        let arguments = [bbox::OPTION, "-", "-"];
        let layout = self.confined.feed(&self.pdftotext, &arguments, layer).await?;
        let order = Order::parse(&String::from_utf8_lossy(&layout), words.len());
        if order.is_none() && !words.is_empty() {
            tracing::debug!(words = words.len(), "the order of a page's words is not known");
        }
        Ok(order)
    }
}
