//! Recognised words as the text layer of a PDF, so that the reader of PDFs says in which order they are
//! read. Each word is one sign that stands for its number, as wide as the word.

use std::fmt::Write;

use super::straight::Placed;

/// The sign of the first word: where Unicode leaves signs to whoever uses them.
const FIRST: u32 = 0xf_0000;
/// As many as there are numbers of two bytes, and such signs.
pub(super) const MOST_WORDS: usize = 0xfffe;
/// A page's picture has 300 dots an inch, a PDF 72.
const POINTS_PER_PIXEL: f64 = 72.0 / 300.0;
/// How many signs may be named at once.
const NAMED_AT_ONCE: usize = 100;

/// Which word a sign stands for.
pub(super) fn word_of(sign: char) -> Option<usize> {
    usize::try_from(u32::from(sign).checked_sub(FIRST)?).ok()
}

/// A PDF of one page of this size, with these words. Those beyond [`MOST_WORDS`] are left out.
pub(super) fn layer(width: i32, height: i32, words: &[Placed]) -> Vec<u8> {
    let words = &words[..words.len().min(MOST_WORDS)];
    let [width, height] = [width, height].map(|pixels| f64::from(pixels) * POINTS_PER_PIXEL);
    assemble(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.2} {height:.2}] /Contents 4 0 R /Resources << \
             /Font << /F 5 0 R >> >> >>"
        ),
        stream(&drawing(height, words)),
        "<< /Type /Font /Subtype /Type0 /BaseFont /Words /Encoding /Identity-H /DescendantFonts [6 0 R] \
         /ToUnicode 8 0 R >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Words /CIDToGIDMap /Identity /CIDSystemInfo << \
         /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 /FontDescriptor 7 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /Words /Flags 5 /FontBBox [0 -250 1000 950] /ItalicAngle 0 \
         /Ascent 750 /Descent -250 /CapHeight 700 /StemV 80 >>"
            .to_owned(),
        stream(&names(words.len())),
    ])
}

/// Each word at its place, stretched to its width.
fn drawing(height: f64, words: &[Placed]) -> String {
    let mut content = "BT 3 Tr\n".to_owned();
    for (number, word) in words.iter().enumerate() {
        let [left, right, baseline, size] =
            [word.left, word.right, word.baseline, word.size].map(|n| n * POINTS_PER_PIXEL);
        let size = size.max(1.0);
        let stretch = (100.0 * (right - left) / size).max(1.0);
        let _ = writeln!(
            content,
            "/F {size:.2} Tf {stretch:.2} Tz 1 0 0 1 {left:.2} {:.2} Tm <{number:04x}> Tj",
            height - baseline
        );
    }
    content.push_str("ET");
    content
}

/// Which sign each number stands for, in UTF-16.
fn names(words: usize) -> String {
    let mut names =
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Words def \
                     /CMapType 2 def 1 begincodespacerange <0000> <ffff> endcodespacerange\n"
            .to_owned();
    let numbers: Vec<usize> = (0..words).collect();
    for some in numbers.chunks(NAMED_AT_ONCE) {
        let _ = writeln!(names, "{} beginbfchar", some.len());
        for number in some {
            // The pair of an astral sign: ten bits in each.
            let bits = FIRST - 0x1_0000 + *number as u32;
            let pair = (0xd800 + (bits >> 10), 0xdc00 + (bits & 0x3ff));
            let _ = writeln!(names, "<{number:04x}> <{:04x}{:04x}>", pair.0, pair.1);
        }
        names.push_str("endbfchar\n");
    }
    names.push_str("endcmap CMapName currentdict /CMap defineresource pop end end");
    names
}

fn stream(content: &str) -> String {
    format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// A PDF of these objects, of which the first is its root.
fn assemble(objects: &[String]) -> Vec<u8> {
    let mut file = "%PDF-1.5\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (object, number) in objects.iter().zip(1..) {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, size) = (file.len(), objects.len() + 1);
    let _ =
        write!(file, "{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}
