//! What a model is told of its task. The instructions are files with a version in their names, which
//! the span of each call tells.

/// A versioned file of instructions.
#[derive(Debug)]
pub(super) struct Instruction {
    /// The file's name without its version.
    pub(super) name: &'static str,
    pub(super) version: i64,
    pub(super) text: &'static str,
}

/// Notes on one part of a text.
pub(super) const NOTE: Instruction =
    Instruction { name: "note", version: 1, text: include_str!("../../prompts/note.v1.md") };

/// Shorter notes from notes.
pub(super) const CONDENSE: Instruction = Instruction {
    name: "condense",
    version: 1,
    text: include_str!("../../prompts/condense.v1.md"),
};

/// A section of an analysis.
pub(super) const ANALYSIS: Instruction = Instruction {
    name: "analysis",
    version: 1,
    text: include_str!("../../prompts/analysis.v1.md"),
};

/// A section of a brief.
pub(super) const BRIEF: Instruction =
    Instruction { name: "brief", version: 1, text: include_str!("../../prompts/brief.v1.md") };

/// What a document is.
pub(super) const DESCRIBE: Instruction = Instruction {
    name: "describe",
    version: 1,
    text: include_str!("../../prompts/describe.v1.md"),
};
