//! The lists that a Word document defines in `word/numbering.xml`.

use std::collections::HashMap;

use office_oxide::core::xml::{make_fast_reader, optional_attr_str};
use quick_xml::events::{BytesStart, Event};

/// Levels of a list.
pub(super) const LEVELS: usize = 9;

/// A level of a list: how it counts and what it shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    pub(super) start: Option<u32>,
    pub(super) format: String,
    /// What is shown, where `%1` is the number of the first level, and so on.
    pub(super) text: String,
    /// Roman numbers and letters are in digits, whatever the formats of their levels.
    pub(super) is_legal: bool,
    /// After which level, from 1, it begins anew. None: after any above it. 0: never.
    pub(super) restart: Option<usize>,
    /// Nothing stands between the number and the text.
    pub(super) touches: bool,
    /// The style whose paragraphs are of this level.
    style: String,
}

/// A list as paragraphs name it.
#[derive(Debug, Clone, Default)]
struct List {
    definition: u32,
    /// Levels that it has in place of the definition's.
    levels: HashMap<usize, Level>,
    /// Where it begins in place of the definition's start.
    starts: HashMap<usize, u32>,
}

#[derive(Debug, Clone, Default)]
struct Definition {
    levels: HashMap<usize, Level>,
    /// The style that it is the list of, and the one whose list it borrows.
    names: Option<String>,
    borrows: Option<String>,
}

/// All lists of a document.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    definitions: HashMap<u32, Definition>,
    lists: HashMap<u32, List>,
}

/// Where in the file the reading is.
#[derive(Default)]
struct Place {
    definition: Option<u32>,
    list: Option<u32>,
    override_of: Option<usize>,
    level: Option<(usize, Level)>,
}

impl Definitions {
    /// Reads the part. What cannot be read counts nothing.
    pub(super) fn parse(xml: &[u8]) -> Self {
        let mut read = Self::default();
        let mut place = Place::default();
        let mut reader = make_fast_reader(xml);
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) => read.open(&element, &mut place),
                Ok(Event::Empty(element)) => {
                    read.open(&element, &mut place);
                    read.close(element.local_name().as_ref(), &mut place);
                }
                Ok(Event::End(element)) => read.close(element.local_name().as_ref(), &mut place),
                Ok(Event::Eof) | Err(_) => return read,
                Ok(_) => {}
            }
        }
    }

    fn open(&mut self, element: &BytesStart<'_>, place: &mut Place) {
        let text =
            |name| optional_attr_str(element, name).ok().flatten().map(|text| text.into_owned());
        let number = |name| text(name).and_then(|text| text.parse::<u32>().ok());
        let value = || text("w:val").unwrap_or_default();
        if let Some((_, level)) = &mut place.level {
            match element.local_name().as_ref() {
                "start" => level.start = number("w:val"),
                "numFmt" => level.format = value(),
                "lvlText" => level.text = value(),
                "isLgl" => level.is_legal = !matches!(value().as_str(), "0" | "false" | "off"),
                "lvlRestart" => level.restart = number("w:val").map(|level| level as usize),
                "suff" => level.touches = value() == "nothing",
                "pStyle" => level.style = value(),
                _ => {}
            }
            return;
        }
        match element.local_name().as_ref() {
            "abstractNum" => place.definition = number("w:abstractNumId"),
            "num" => place.list = number("w:numId"),
            "lvlOverride" => place.override_of = number("w:ilvl").map(|level| level as usize),
            "lvl" => place.level = number("w:ilvl").map(|level| (level as usize, Level::default())),
            "abstractNumId" => {
                if let (Some(list), Some(definition)) = (place.list, number("w:val")) {
                    self.lists.entry(list).or_default().definition = definition;
                }
            }
            "startOverride" => {
                if let (Some(list), Some(level), Some(start)) =
                    (place.list, place.override_of, number("w:val"))
                {
                    self.lists.entry(list).or_default().starts.insert(level, start);
                }
            }
            "styleLink" => self.name(place, |definition| definition.names = Some(value())),
            "numStyleLink" => self.name(place, |definition| definition.borrows = Some(value())),
            _ => {}
        }
    }

    fn name(&mut self, place: &Place, name: impl FnOnce(&mut Definition)) {
        if let Some(definition) = place.definition {
            name(self.definitions.entry(definition).or_default());
        }
    }

    fn close(&mut self, name: &str, place: &mut Place) {
        match name {
            "abstractNum" => place.definition = None,
            "num" => place.list = None,
            "lvlOverride" => place.override_of = None,
            "lvl" => {
                let Some((number, level)) = place.level.take() else { return };
                if let Some(list) = place.list {
                    self.lists.entry(list).or_default().levels.insert(number, level);
                } else if let Some(definition) = place.definition {
                    self.definitions.entry(definition).or_default().levels.insert(number, level);
                }
            }
            _ => {}
        }
    }

    /// The definition that a list counts by: lists of one definition count on together.
    pub(super) fn definition(&self, list: u32) -> Option<u32> {
        let own = self.lists.get(&list)?.definition;
        let Some(borrowed) = &self.definitions.get(&own)?.borrows else { return Some(own) };
        let is_named = |definition: &Definition| definition.names.as_ref() == Some(borrowed);
        let found = self.definitions.iter().find(|(_, definition)| is_named(definition));
        Some(found.map_or(own, |(number, _)| *number))
    }

    /// A level of a list.
    pub(super) fn level(&self, list: u32, level: usize) -> Option<&Level> {
        if let Some(own) = self.lists.get(&list)?.levels.get(&level) {
            return Some(own);
        }
        self.definitions.get(&self.definition(list)?)?.levels.get(&level)
    }

    /// Where a list begins to count on a level.
    pub(super) fn start(&self, list: u32, level: usize) -> u32 {
        self.own_start(list, level).or_else(|| self.level(list, level)?.start).unwrap_or(1)
    }

    /// Where a list begins anew, though others count by the same definition.
    pub(super) fn own_start(&self, list: u32, level: usize) -> Option<u32> {
        self.lists.get(&list)?.starts.get(&level).copied()
    }

    /// The level whose paragraphs have this style.
    pub(super) fn level_of_style(&self, list: u32, style: &str) -> Option<usize> {
        (0..LEVELS).find(|level| self.level(list, *level).is_some_and(|level| level.style == style))
    }
}
