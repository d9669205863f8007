//! The text of a PDF as poppler's `pdftotext` says it: in the order of reading, with what the fields of
//! forms show. It says nothing of damage, so the reader in the jail has looked at the file before; what
//! poppler still reads of a file that is damaged is marked as recovered.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{Extracted, Failure, FileType, Page, Source, clean, has_words};
use crate::confined::Confined;

const READER: &str = "poppler";
/// What ends each page.
const PAGE_END: char = '\u{c}';
/// A page with fewer words may be a scan with a stamp on it, such as a Bates number.
const FEW_WORDS: usize = 12;
/// It is one where its pictures cover so many square inches: near half of a letter page.
const SCAN_AREA: f64 = 40.0;

/// A damaged file may say that it has any number of pages.
const MOST_RECOVERED: &str = "5000";

/// Opened anew through its descriptor, so that the readers can seek in it.
const INPUT: &str = "/dev/stdin";

/// Reads PDFs.
#[derive(Debug, Clone)]
pub(super) struct Poppler {
    confined: Confined,
    pdftotext: PathBuf,
    pdfimages: PathBuf,
}

impl Poppler {
    /// `program` confines the other.
    pub(super) fn new(program: PathBuf, pdftotext: &Path) -> Self {
        Self {
            confined: Confined::new(program, None),
            pdftotext: pdftotext.to_owned(),
            // They come together.
            pdfimages: pdftotext.with_file_name("pdfimages"),
        }
    }

    /// Replaces the text of the pages, unless poppler fails on the file or finds other pages in it.
    pub(super) async fn read_anew(&self, read: &mut Extracted, pdf: &File) -> io::Result<()> {
        let text = self.text(pdf, &[]).await?;
        let texts = texts(&text);
        let count = read.pages.iter().filter(|page| page.source != Source::Form).count();
        if texts.len() == count {
            replace(read, &texts);
        } else {
            tracing::debug!(pages = count, found = texts.len(), "poppler reads other pages");
        }
        self.find_stamped_scans(read, pdf).await
    }

    /// What can still be read of a file that the other reader found damaged, if that is anything.
    pub(super) async fn recover(
        &self,
        pdf: &File,
        damage: &Failure,
    ) -> io::Result<Option<Extracted>> {
        let text = self.text(pdf, &["-l", MOST_RECOVERED]).await?;
        let pages: Vec<Page> = texts(&text)
            .into_iter()
            .map(|text| Page { text: clean(text), source: Source::Recovered, blocks: Vec::new() })
            .collect();
        Ok(pages.iter().any(|page| has_words(&page.text)).then(|| Extracted {
            file_type: FileType::Pdf,
            reader: READER.to_owned(),
            pages,
            is_paged: true,
            warning: damage.warning(),
        }))
    }

    async fn text(&self, pdf: &File, only: &[&str]) -> io::Result<String> {
        let arguments = [only, &["-enc", "UTF-8", "-eol", "unix", INPUT, "-"]].concat();
        let input = pdf.try_clone()?.into();
        let output = self.confined.run(&self.pdftotext, &arguments, input).await?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Has the pages recognised whose few words stand on a picture.
    async fn find_stamped_scans(&self, read: &mut Extracted, pdf: &File) -> io::Result<()> {
        if !read.pages.iter().any(may_be_stamped) {
            return Ok(());
        }
        let input = pdf.try_clone()?.into();
        let listed = self.confined.run(&self.pdfimages, &["-list", INPUT], input).await?;
        let covered = covered(&String::from_utf8_lossy(&listed));
        for (page, number) in read.pages.iter_mut().zip(1..) {
            let area = covered.get(&number).copied().unwrap_or_default();
            if may_be_stamped(page) && area >= SCAN_AREA {
                page.source = Source::Scan;
            }
        }
        Ok(())
    }
}

/// The text of each page.
fn texts(text: &str) -> Vec<&str> {
    let mut texts: Vec<&str> = text.split(PAGE_END).collect();
    texts.pop();
    texts
}

fn may_be_stamped(page: &Page) -> bool {
    page.source == Source::Text && page.text.split_whitespace().nth(FEW_WORDS).is_none()
}

/// How many square inches the pictures of each page cover, by the table of `pdfimages`. Columns: page,
/// number, type, width, height, …, dots an inch across and down, size, ratio.
fn covered(table: &str) -> HashMap<u32, f64> {
    let mut covered = HashMap::new();
    for row in table.lines() {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let number = |cell: Option<&&str>| cell.and_then(|cell| cell.parse::<f64>().ok());
        let [page, width, height] = [0, 3, 4].map(|at| number(cells.get(at)));
        let [across, down] = [4, 3].map(|from_end| {
            number(cells.len().checked_sub(from_end).and_then(|at| cells.get(at)))
                .filter(|dots| *dots > 0.0)
        });
        if let (Some(page), Some(width), Some(height), Some(across), Some(down)) =
            (page, width, height, across, down)
        {
            *covered.entry(page as u32).or_default() += width / across * height / down;
        }
    }
    covered
}

/// A page on which poppler finds no words stays as it was read before.
fn replace(read: &mut Extracted, texts: &[&str]) {
    let pages = read.pages.iter_mut().filter(|page| page.source != Source::Form);
    for (page, text) in pages.zip(texts) {
        let text = clean(text);
        if has_words(&text) {
            *page = Page { text, source: Source::Text, blocks: Vec::new() };
            read.reader = READER.to_owned();
        }
    }
    // What is filled in stands on its page now.
    let shown: HashSet<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
    read.pages.retain(|page| {
        page.source != Source::Form
            || page.text.split_whitespace().any(|word| !shown.contains(word))
    });
}

#[cfg(test)]
mod tests {
    use super::super::FileType;
    use super::*;

    fn page(text: &str, source: Source) -> Page {
        Page { text: text.to_owned(), source, blocks: Vec::new() }
    }

    #[test]
    fn pictures_are_as_large_as_they_are_drawn() {
        let table = "\
page   num  type   width height color comp bpc  enc interp  object ID x-ppi y-ppi size ratio
--------------------------------------------------------------------------------------------
   1     0 image    1700  1100  gray    1   1  ccitt  no         8  0   200   200 34.0K 7.5%
   1     1 image    1700  1100  gray    1   1  ccitt  no   [inline]     200   200 34.0K 7.5%
   3     2 image     100   100  gray    1   1  ccitt  no         9  0   100     0 34.0K 7.5%
";
        assert_eq!(covered(table), HashMap::from([(1, 93.5)]));
    }

    #[test]
    fn pages_that_poppler_cannot_read_stay_and_a_form_that_it_shows_goes() {
        let pages = vec![
            page("Name", Source::Text),
            page("only here", Source::Text),
            page("", Source::Scan),
            page("Ada Lovelace", Source::Form),
        ];
        let mut read = Extracted {
            file_type: FileType::Pdf,
            reader: "unpdf".to_owned(),
            pages,
            is_paged: true,
            warning: String::new(),
        };
        replace(&mut read, &["Name Ada Lovelace\n", " \n", ""]);
        assert_eq!(read.reader, "poppler");
        let expected = [
            page("Name Ada Lovelace", Source::Text),
            page("only here", Source::Text),
            page("", Source::Scan),
        ];
        assert_eq!(read.pages, expected);
    }
}
