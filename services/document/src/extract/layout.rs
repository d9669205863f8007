//! Text put together from markup: white space inside a line counts once, lines stand in blocks.

/// What stands between two pieces of text. The widest that was asked for wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// They touch.
    #[default]
    None,
    /// Between two words.
    Space,
    /// Between two cells of a row.
    Cell,
    /// Between two lines.
    Line,
    /// Between two paragraphs.
    Block,
}

/// A text that grows piece by piece.
#[derive(Debug, Default)]
pub(super) struct Layout {
    text: String,
    gap: Gap,
    /// Marks that wait for what they mark.
    marks: String,
}

impl Layout {
    /// Adds words. Runs of white space are one space.
    pub(super) fn words(&mut self, words: &str) {
        for c in words.chars() {
            if c.is_ascii_whitespace() {
                self.leave(Gap::Space);
            } else {
                self.close_gap();
                self.text.push(c);
            }
        }
    }

    /// Adds text whose white space counts.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.close_gap();
        self.text.push_str(text);
    }

    /// Marks the start of a part, right before what comes next.
    pub(super) fn mark(&mut self, mark: &str) {
        self.marks.push_str(mark);
    }

    /// Marks the end of a part, right after what came last. A part without text leaves no mark.
    pub(super) fn end_mark(&mut self, mark: Option<char>) {
        if self.marks.is_empty() {
            self.text.extend(mark);
        }
        self.marks.clear();
    }

    /// Leaves at least this before what comes next.
    pub(super) fn leave(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn close_gap(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        if !self.text.is_empty() {
            self.text.push_str(match gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Cell => "\t",
                Gap::Line => "\n",
                Gap::Block => "\n\n",
            });
        }
        self.text.push_str(&std::mem::take(&mut self.marks));
    }
}
