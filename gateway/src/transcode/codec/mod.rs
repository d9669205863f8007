//! JSON to wire format and back, straight from compiled descriptors: no message is ever built. It
//! knows no HTTP.

mod escape;
mod number;
pub(crate) mod parse;
pub(crate) mod print;
pub(crate) mod schema;
pub(crate) mod text;
mod wellknown;
pub(crate) mod wire;

/// A field of the request that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The path of the field, such as `filters.category` or `sources[2]`.
    pub(crate) field: String,
    /// What is wrong, and the mend.
    pub(crate) message: String,
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// How many messages may stand inside one another. Decoders of the services stop at 100.
pub(crate) const MAX_DEPTH: usize = 90;

#[cfg(test)]
mod tests {
    use elenchus_proto::DESCRIPTORS;

    use super::parse;
    use super::print::Printer;
    use super::schema::{Message, MessageId, Schema};

    /// The same numbers on every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % sides
        }

        fn spoil(&mut self, text: &mut Vec<u8>) {
            for _ in 0..=self.roll(4) {
                let at = self.roll(text.len().max(1));
                match self.roll(4) {
                    0 => text.truncate(at),
                    1 => text.insert(at.min(text.len()), self.roll(256) as u8),
                    2 if !text.is_empty() => text[at] = self.roll(256) as u8,
                    _ => text.extend_from_within(..at.min(text.len())),
                }
            }
        }
    }

    fn messages(schema: &Schema) -> Vec<MessageId> {
        DESCRIPTORS.all_messages().filter_map(|message| schema.find(message.full_name())).collect()
    }

    /// An object with every member, most of them of a wrong type.
    fn sample(message: &Message, dice: &mut Dice) -> String {
        const VALUES: [&str; 10] = [
            "1",
            "\"x\"",
            "true",
            "null",
            "{}",
            "[]",
            "[1,\"y\"]",
            "{\"a\":{\"b\":[1.5]}}",
            "\"2026-01-31T12:00:00Z\"",
            "-3e2",
        ];
        let members = message
            .fields
            .iter()
            .map(|field| field.label.clone() + VALUES[dice.roll(VALUES.len())]);
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    #[test]
    fn no_text_and_no_bytes_make_it_panic() {
        let schema = Schema::compile(&DESCRIPTORS);
        let mut dice = Dice(7);
        for id in messages(&schema) {
            for _ in 0..200 {
                let mut json = sample(schema.message(id), &mut dice).into_bytes();
                if dice.roll(3) > 0 {
                    dice.spoil(&mut json);
                }
                let mut wire =
                    parse::message(&schema, id, &json, Vec::new()).unwrap_or_else(|_| vec![0; 20]);
                dice.spoil(&mut wire);
                let mut printer = Printer::new(&schema, String::new());
                if printer.message(id, &wire).is_ok() {
                    let shown = printer.finish();
                    assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok(), "{shown}");
                }
            }
        }
    }
}
