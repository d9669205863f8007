//! PDFs, made of pages of text and of pages that are pictures.

use std::fmt::Write;

const PICTURE: &[u8] = include_bytes!("../files/clause.png");

/// A page.
pub(crate) enum Page<'a> {
    /// A line of text.
    Text(&'a str),
    /// A picture of a clause.
    Scan,
    /// Pictures that cover the page, and a line of text on them.
    Stamped(&'a str),
}

/// A PDF of these pages.
pub(crate) fn pdf(pages: &[Page<'_>]) -> Vec<u8> {
    let kids: String = (0..pages.len()).fold(String::new(), |mut kids, page| {
        let _ = write!(kids, "{} 0 R ", 4 + 2 * page);
        kids
    });
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes(),
        picture(),
    ];
    for (page, number) in pages.iter().zip(0..) {
        let content = match page {
            Page::Text(line) => format!("BT /F 12 Tf 72 700 Td ({line}) Tj ET"),
            Page::Scan => picture_at(500),
            Page::Stamped(line) => {
                let pictures: String = [500, 280, 60].map(picture_at).concat();
                format!("{pictures}BT /F 12 Tf 450 20 Td ({line}) Tj ET")
            }
        };
        let contents = 5 + 2 * number;
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R /Resources \
                 << /XObject << /P 3 0 R >> /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> \
                 >> >>"
            )
            .into_bytes(),
        );
        objects.push(stream("", content.as_bytes()));
    }
    assemble(&objects)
}

fn picture_at(height: u32) -> String {
    format!("q 450 0 0 210 36 {height} cm /P Do Q ")
}

/// The picture as a PDF has it: its compressed rows are those of a PNG.
fn picture() -> Vec<u8> {
    let number = |at: usize| u32::from_be_bytes(PICTURE[at..at + 4].try_into().unwrap());
    let (width, height) = (number(16), number(20));
    // Signature 8, header 25; then the length, the name and the bytes of the rows.
    let length = number(33) as usize;
    assert_eq!(&PICTURE[37..41], b"IDAT");
    let entries = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray \
         /BitsPerComponent 1 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 1 /BitsPerComponent 1 \
         /Columns {width} >> "
    );
    stream(&entries, &PICTURE[41..41 + length])
}

pub(crate) fn stream(entries: &str, bytes: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {entries}/Length {} >>\nstream\n", bytes.len()).into_bytes();
    object.extend(bytes);
    object.extend(b"\nendstream");
    object
}

/// A PDF of these objects, of which the first is its root.
pub(crate) fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (object, number) in objects.iter().zip(1..) {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    let size = objects.len() + 1;
    let end = format!("{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.extend(end.bytes());
    file
}
