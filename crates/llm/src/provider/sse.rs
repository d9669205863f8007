//! Server-sent events out of bytes that come in any pieces.

/// The longest line. A longer one is no event of a model.
const MOST_BYTES: usize = 1 << 20;

/// A line is longer than any event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Collects the data of events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// The data lines that are whole after these bytes. Providers write one for each event.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        if self.rest.len() > MOST_BYTES {
            return Err(TooLong);
        }
        let data = |line: &[u8]| {
            let line = String::from_utf8_lossy(line);
            let data = line.trim_end_matches('\r').strip_prefix("data:")?.trim();
            (!data.is_empty()).then(|| data.to_owned())
        };
        Ok(lines.split(|byte| *byte == b'\n').filter_map(data).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let text = "event: x\r\ndata: {\"a\":\"ü\"}\r\n\r\n: beat\n\ndata:[DONE]\n\n";
        for size in 1..text.len() {
            let mut events = Events::default();
            let pieces = text.as_bytes().chunks(size);
            let data: Vec<_> = pieces.flat_map(|piece| events.push(piece).unwrap()).collect();
            assert_eq!(data, ["{\"a\":\"ü\"}", "[DONE]"], "pieces of {size}");
        }
        assert_eq!(Events::default().push(&vec![b'x'; MOST_BYTES + 1]), Err(TooLong));
    }
}
