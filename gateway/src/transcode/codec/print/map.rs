//! Maps: the entries of one field, the last one of each key.

use std::collections::HashMap;

use super::{NONE, Place, Printer};
use crate::transcode::codec::schema::{Field, Kind};
use crate::transcode::codec::wire::{Malformed, Payload, Reader};

impl<'w> Printer<'_, 'w> {
    pub(super) fn map(&mut self, field: &Field, place: Place) -> Result<(), Malformed> {
        let entry = field.kind.message().ok_or(Malformed)?;
        let schema = self.schema;
        let [key, value] = schema.message(entry).fields.as_slice() else { return Err(Malformed) };
        let mut entries = Vec::new();
        let mut at = place.first;
        while at != NONE {
            entries.push(entry_of(self.records[at].payload.bytes()?)?);
            at = self.records[at].next;
        }
        // The last entry of a key counts. Keys that ascend cannot repeat.
        let ascends = entries.windows(2).all(|pair| bytes_of(pair[0].0) < bytes_of(pair[1].0));
        if !ascends {
            entries = last_of_each_key(entries);
        }
        self.out.push('{');
        let mut is_first = true;
        for (key_payload, value_payload) in entries {
            self.comma(&mut is_first);
            self.key(key.kind, key_payload)?;
            self.out.push(':');
            match (value_payload, value.kind) {
                (Some(payload), kind) => self.single(kind, payload)?,
                (None, Kind::Message(id)) => self.message(id, &[])?,
                (None, kind) => self.default(kind)?,
            }
        }
        self.out.push('}');
        Ok(())
    }

    fn key(&mut self, kind: Kind, payload: Option<Payload<'w>>) -> Result<(), Malformed> {
        if kind == Kind::String {
            return match payload {
                Some(payload) => self.single(kind, payload),
                None => self.default(kind),
            };
        }
        let start = self.out.len();
        match payload {
            Some(payload) => self.single(kind, payload)?,
            None => self.default(kind)?,
        }
        // 64-bit numbers come quoted already.
        if !self.out[start..].starts_with('"') {
            self.out.insert(start, '"');
            self.out.push('"');
        }
        Ok(())
    }
}

type Entry<'w> = (Option<Payload<'w>>, Option<Payload<'w>>);

fn entry_of(bytes: &[u8]) -> Result<Entry<'_>, Malformed> {
    let (mut key, mut value) = (None, None);
    let mut reader = Reader::new(bytes);
    while let Some((number, payload)) = reader.record()? {
        match number {
            1 => key = Some(payload),
            2 => value = Some(payload),
            _ => {}
        }
    }
    Ok((key, value))
}

/// A key as it can be compared; only string keys are ever found to ascend.
fn bytes_of(key: Option<Payload<'_>>) -> Option<&[u8]> {
    key?.bytes().ok()
}

fn last_of_each_key(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut places = HashMap::with_capacity(entries.len());
    let mut kept: Vec<Entry<'_>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = match entry.0 {
            None => (0, &[][..]),
            Some(Payload::Varint(value) | Payload::Fixed64(value)) => (value, &[][..]),
            Some(Payload::Fixed32(value)) => (u64::from(value), &[][..]),
            Some(Payload::Bytes(bytes)) => (0, bytes),
        };
        match places.get(&key) {
            Some(place) => kept[*place] = entry,
            None => {
                places.insert(key, kept.len());
                kept.push(entry);
            }
        }
    }
    kept
}
