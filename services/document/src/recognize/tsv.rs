//! The table that tesseract writes: a row for each word, with its box and how sure it is.

/// What was recognised on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognized {
    /// The words in reading order, with spaces, line ends, and a blank line between paragraphs.
    pub text: String,
    /// Where each word stands.
    pub words: Vec<Word>,
    /// The picture's size.
    pub width: i32,
    /// The picture's size.
    pub height: i32,
}

/// A word and its box, in pixels of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it starts in the page's text, in characters.
    pub start: i32,
    /// Where it ends, exclusive.
    pub end: i32,
    /// Left, top, right and bottom.
    pub at: [i32; 4],
    /// How sure the recogniser is, in percent.
    pub confidence: i32,
}

/// Columns: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
const COLUMNS: usize = 12;
const PAGE: i32 = 1;
const WORD: i32 = 5;

impl Recognized {
    /// Reads the table. Rows that are not as they must be are passed over.
    pub(super) fn parse(table: &str) -> Self {
        let mut page = Self::default();
        let mut chars = 0;
        let mut before: Option<[i32; 3]> = None;
        for row in table.lines() {
            let cells: Vec<&str> = row.splitn(COLUMNS, '\t').collect();
            let number = |at: usize| cells.get(at).and_then(|cell| cell.parse::<f64>().ok());
            let Some(numbers) = (0..COLUMNS - 1).map(number).collect::<Option<Vec<f64>>>() else {
                continue;
            };
            let numbers: Vec<i32> = numbers.into_iter().map(|number| number as i32).collect();
            let (left, top) = (numbers[6], numbers[7]);
            let (right, bottom) = (left + numbers[8], top + numbers[9]);
            if numbers[0] == PAGE {
                (page.width, page.height) = (right, bottom);
            }
            let text = cells.get(COLUMNS - 1).map_or("", |text| text.trim());
            if numbers[0] != WORD || text.is_empty() {
                continue;
            }
            let line = [numbers[2], numbers[3], numbers[4]];
            let gap = gap(before.replace(line), line);
            page.text.push_str(gap);
            page.text.push_str(text);
            let start = chars + count(gap);
            chars = start + count(text);
            let at = [left, top, right, bottom];
            page.words.push(Word { start, end: chars, at, confidence: numbers[10].clamp(0, 100) });
        }
        page
    }
}

/// What stands between two words, by the block, paragraph and line of each.
fn gap(before: Option<[i32; 3]>, now: [i32; 3]) -> &'static str {
    match before {
        None => "",
        Some(before) if before == now => " ",
        Some(before) if before[..2] == now[..2] => "\n",
        Some(_) => "\n\n",
    }
}

fn count(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_with_their_lines_and_boxes() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t1700\t2200\t-1\t\n\
            5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\t§\n\
            5\t1\t1\t1\t1\t2\t50\t20\t30\t12\t91\tfee\n\
            5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t88\twaiver\n\
            5\t1\t2\t1\t1\t1\t10\t90\t30\t12\t70\tCourt\n";
        let page = Recognized::parse(table);
        assert_eq!(page.text, "§ fee\nwaiver\n\nCourt");
        assert_eq!((page.width, page.height), (1700, 2200));
        let chars: Vec<char> = page.text.chars().collect();
        let word = &page.words[3];
        assert_eq!(
            chars[word.start as usize..word.end as usize].iter().collect::<String>(),
            "Court"
        );
        assert_eq!((word.at, word.confidence), ([10, 90, 40, 102], 70));
    }
}
