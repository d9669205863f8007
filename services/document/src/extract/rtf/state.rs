//! What holds inside a group of RTF, and ends with it.

/// Where the text of a group belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// In the text.
    #[default]
    Body,
    /// After it: notes, comments, headers and footers.
    Notes,
    /// In the table of fonts.
    Fonts,
    /// Nowhere.
    Nowhere,
}

/// What holds inside a group.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) place: Place,
    pub(super) font: Option<i32>,
    /// Bytes that stand in for each `\u`.
    pub(super) substitutes: usize,
    /// Its next token is its first: a word there may say what the group is for.
    pub(super) is_at_start: bool,
    /// Readers that do not know the word leave the group out.
    pub(super) is_optional: bool,
    is_hidden: bool,
    is_deleted: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            place: Place::Body,
            font: None,
            substitutes: 1,
            is_at_start: false,
            is_optional: false,
            is_hidden: false,
            is_deleted: false,
        }
    }
}

impl State {
    /// Whether text here is seen.
    pub(super) fn is_shown(&self) -> bool {
        matches!(self.place, Place::Body | Place::Notes) && !self.is_hidden && !self.is_deleted
    }

    /// A group begins with this word.
    pub(super) fn enter(&mut self, word: &str, is_optional: bool) {
        if self.place == Place::Nowhere {
            return;
        }
        match word {
            "fonttbl" => self.place = Place::Fonts,
            "footnote" | "annotation" | "header" | "headerl" | "headerr" | "headerf" | "footer"
            | "footerl" | "footerr" | "footerf" => self.place = Place::Notes,
            "colortbl" | "stylesheet" | "info" | "pict" | "filetbl" | "xe" | "tc" | "sp"
            | "shprslt" | "nonshppict" | "do" => self.place = Place::Nowhere,
            // The frame of a text box.
            "shpinst" => {}
            _ if is_optional && self.place != Place::Fonts => self.place = Place::Nowhere,
            _ => {}
        }
    }

    /// A control word that changes what follows it.
    pub(super) fn apply(&mut self, word: &str, number: Option<i32>) {
        let is_on = number != Some(0);
        match word {
            "f" => self.font = number,
            "uc" => self.substitutes = usize::try_from(number.unwrap_or(1)).unwrap_or(0),
            "v" => self.is_hidden = is_on,
            "deleted" => self.is_deleted = is_on,
            "plain" => (self.font, self.is_hidden, self.is_deleted) = (None, false, false),
            _ => {}
        }
    }
}
