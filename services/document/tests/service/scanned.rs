//! Pages as a scanner makes them: drawn, laid askew, and kept as a picture.

use std::fs;
use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use tempfile::TempDir;

use crate::pdf::{assemble, stream};

const PAGE: &str = "/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R";

/// A PDF with a picture of these lines, each at its place in points, a little askew.
pub(crate) fn scanned(lines: &[(u32, u32, &str)]) -> Vec<u8> {
    let mut content = "0.9999 0.014 -0.014 0.9999 0 0 cm\n".to_owned();
    for (left, bottom, line) in lines {
        content.push_str(&format!("BT /F 12 Tf {left} {bottom} Td ({line}) Tj ET\n"));
    }
    let font = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    let (width, height, points) = drawn(&page_of(font, &content, &[]));
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&points).unwrap();
    let picture = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray \
         /BitsPerComponent 8 /Filter /FlateDecode "
    );
    let picture = stream(&picture, &packed.finish().unwrap());
    page_of("/XObject << /P 5 0 R >>", "612 0 0 792 0 0 cm /P Do", &[picture])
}

fn page_of(resources: &str, content: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< {PAGE} /Resources << {resources} >> >>").into_bytes(),
        stream("", content.as_bytes()),
    ];
    assemble(&[&objects, more].concat())
}

/// Width, height and the gray points of its page.
fn drawn(pdf: &[u8]) -> (usize, usize, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    let (file, root) = (folder.path().join("page.pdf"), folder.path().join("page"));
    fs::write(&file, pdf).unwrap();
    let mut draw = Command::new("pdftoppm");
    draw.args(["-gray", "-singlefile", "-r", "200"]).args([&file, &root]);
    assert!(draw.status().unwrap().success());
    let picture = fs::read(root.with_extension("pgm")).unwrap();
    // P5, width, height, the most; a white space ends each.
    let mut head = picture.splitn(5, |byte| byte.is_ascii_whitespace());
    let mut word = || std::str::from_utf8(head.next().unwrap()).unwrap();
    assert_eq!(word(), "P5");
    let (width, height) = (word().parse().unwrap(), word().parse().unwrap());
    assert_eq!(word(), "255");
    (width, height, head.next().unwrap().to_vec())
}
