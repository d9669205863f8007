//! What a viewer shows of a document: its pages as pictures, and where on them words of its text stand.

mod area;
mod spoken;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

pub(crate) use self::area::{Area, areas};
use self::spoken::spoken;
use crate::bbox;
use crate::confined::Confined;
use crate::domain::{Document, Error, PageText};
use crate::extract::{FileType, Source};
use crate::recognize;
use crate::storage::{Files, local_copy};
use crate::store::Store;

/// Pages that are drawn or looked at once: the reading of documents wants its share too.
const AT_ONCE: usize = 2;
/// Opened anew through its descriptor, so that the programs can seek in it.
const INPUT: &str = "/dev/stdin";

/// Draws pages and finds words on them.
#[derive(Clone)]
pub(crate) struct Viewer {
    store: Store,
    files: Files,
    confined: Confined,
    pdftoppm: Option<PathBuf>,
    pdftotext: Option<PathBuf>,
    turns: Arc<Semaphore>,
}

impl Viewer {
    /// `program` confines the others.
    pub(crate) fn new(
        store: Store,
        files: Files,
        program: PathBuf,
        programs: &recognize::Settings,
    ) -> Self {
        let [pdftoppm, pdftotext] =
            [programs.pdftoppm(), programs.pdftotext()].map(|found| found.map(Into::into));
        let confined = Confined::new(program, None);
        Self {
            store,
            files,
            confined,
            pdftoppm,
            pdftotext,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The program that draws a page, which can be drawn as far as is known before.
    pub(crate) fn check(&self, document: &Document, page: i32) -> Result<&Path, Error> {
        if document.file_type != FileType::Pdf.as_str() {
            return Err(Error::NoPages);
        }
        if document.page_count == 0 {
            return Err(Error::NotRead);
        }
        if !(1..=document.page_count).contains(&page) {
            return Err(Error::NoSuchPage { page, pages: document.page_count });
        }
        self.pdftoppm.as_deref().ok_or(Error::NotInstalled { program: "pdftoppm" })
    }

    /// The picture of a page, as PNG, so many pixels wide.
    pub(crate) async fn draw(
        &self,
        document: &Document,
        page: i32,
        width: i32,
    ) -> Result<Vec<u8>, Error> {
        let program = self.check(document, page)?;
        let (number, width) = (page.to_string(), width.to_string());
        let only = ["-singlefile", "-f", &number, "-l", &number];
        let as_wide = ["-scale-to-x", &width, "-scale-to-y", "-1"];
        let arguments = [&["-png"], &only[..], &as_wide[..], &[INPUT]].concat();
        let picture = self.run(program, &arguments, document).await?;
        if picture.is_empty() {
            return Err(Error::NotDrawn { page });
        }
        Ok(picture)
    }

    /// Where a part of the text stands, line by line.
    pub(crate) async fn locate(
        &self,
        document: &Document,
        part: Range<i32>,
    ) -> Result<Vec<Area>, Error> {
        if document.file_type != FileType::Pdf.as_str() {
            return Err(Error::NoPages);
        }
        if document.char_count == 0 {
            return Err(Error::NotRead);
        }
        if part.end > document.char_count {
            let problem = format!("must be at most {}, where the text ends", document.char_count);
            return Err(Error::invalid("end_char", problem));
        }
        let pages = self.store.pages_of(document.document_id, &part).await?;
        let layouts = self.layouts(document, &pages).await?;
        let found = pages.iter().flat_map(|page| {
            let words = match layouts.iter().find(|(number, _)| *number == page.page_number) {
                Some((_, layout)) => spoken(&page.content, layout),
                None => area::recognized(page),
            };
            areas(page, &words, &part)
        });
        Ok(found.collect())
    }

    /// Where the words stand on the pages whose text the file says.
    async fn layouts(
        &self,
        document: &Document,
        pages: &[PageText],
    ) -> Result<Vec<(i32, bbox::Page)>, Error> {
        let by_file = [Source::Text, Source::Recovered].map(Source::as_str);
        let is_said = |page: &&PageText| {
            by_file.contains(&page.source.as_str()) && page.page_number <= document.page_count
        };
        let said: Vec<i32> = pages.iter().filter(is_said).map(|page| page.page_number).collect();
        let (Some(first), Some(last)) = (said.first(), said.last()) else { return Ok(Vec::new()) };
        let program =
            self.pdftotext.as_ref().ok_or(Error::NotInstalled { program: "pdftotext" })?;
        let (from, to) = (first.to_string(), last.to_string());
        let arguments = [bbox::OPTION, "-enc", "UTF-8", "-f", &from, "-l", &to, INPUT, "-"];
        let layout = self.run(program, &arguments, document).await?;
        let layouts = bbox::parse(&String::from_utf8_lossy(&layout));
        Ok((*first..).zip(layouts).filter(|(number, _)| said.contains(number)).collect())
    }

    /// What a program says of a document's file, once it is its turn.
    async fn run(
        &self,
        program: &Path,
        arguments: &[&str],
        document: &Document,
    ) -> Result<Vec<u8>, Error> {
        let _turn = self.turns.acquire().await.map_err(io::Error::other)?;
        let file = local_copy(&*self.files, &document.storage_key).await?;
        Ok(self.confined.run(program, arguments, file.into()).await?)
    }
}
