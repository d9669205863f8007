//! Pictures as PNG says them: gray or in colours, eight bits each.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// A picture that was decoded.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The darkest of its colours for each point, row by row.
    darkest: Vec<u8>,
}

impl Picture {
    pub(crate) fn decode(png: &[u8]) -> Self {
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "it is no PNG");
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let (width, height) = (number(16), number(20));
        let colours = match (png[24], png[25], png[28]) {
            (8, 0, 0) => 1,
            (8, 2, 0) => 3,
            other => panic!("{other:?} is not decoded here"),
        };
        let (mut at, mut packed) = (8, Vec::new());
        while at < png.len() {
            let end = at + 8 + number(at);
            if &png[at + 4..at + 8] == b"IDAT" {
                packed.extend(&png[at + 8..end]);
            }
            at = end + 4;
        }
        let mut rows = Vec::new();
        ZlibDecoder::new(&*packed).read_to_end(&mut rows).unwrap();
        assert_eq!(rows.len(), height * (1 + width * colours), "rows are missing");
        let darkest = unfilter(&rows, width * colours, colours)
            .chunks(colours)
            .map(|point| *point.iter().min().unwrap())
            .collect();
        Self { width, height, darkest }
    }

    /// Whether anything is drawn in a part of the picture: from the first to below the second, each way.
    pub(crate) fn has_ink(&self, across: (f64, f64), down: (f64, f64)) -> bool {
        let span = |(from, to): (f64, f64), most: usize| {
            (from.max(0.0) as usize)..(to.ceil() as usize).min(most)
        };
        let rows = span(down, self.height);
        rows.flat_map(|y| span(across, self.width).map(move |x| (x, y)))
            .any(|(x, y)| self.darkest[y * self.width + x] < 128)
    }
}

/// The five filters of PNG (section 9 of its specification), each by the bytes to the left, above, and both.
fn unfilter(rows: &[u8], length: usize, colours: usize) -> Vec<u8> {
    let mut before = vec![0; length];
    let mut all = Vec::new();
    for row in rows.chunks(length + 1) {
        let (filter, mut row) = (row[0], row[1..].to_vec());
        for at in 0..length {
            let corner = at.checked_sub(colours);
            let left = corner.map_or(0, |at| row[at]);
            let (above, corner) = (before[at], corner.map_or(0, |at| before[at]));
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => above,
                3 => ((u16::from(left) + u16::from(above)) / 2) as u8,
                _ => nearest(left, above, corner),
            };
            row[at] = row[at].wrapping_add(guess);
        }
        all.extend(&row);
        before = row;
    }
    all
}

fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let distance = |byte: u8| (guess - i16::from(byte)).abs();
    // The first of those that are as near.
    [left, above, corner].into_iter().min_by_key(|byte| distance(*byte)).unwrap()
}
