//! The summary of a conversation without a language model: of each message the line that says most.

use crate::store::{Line, Turn};

/// The longest line of one message.
const MOST_CHARS: usize = 300;
const QUOTES: [char; 3] = ['“', '"', '«'];

/// The lines of the newest messages that so many characters hold, after what was summed up before.
pub(super) fn of(line: &Line, most_chars: usize) -> String {
    let earlier = line.summary.iter().flat_map(|summary| summary.lines()).map(str::to_owned);
    let lines: Vec<String> = earlier.chain(line.turns.iter().map(gist)).collect();
    let mut left = most_chars;
    let fits = |line: &&String| {
        let chars = line.chars().count() + 1;
        let fits = chars <= left;
        left = left.saturating_sub(chars);
        fits
    };
    let newest = lines.iter().rev().take_while(fits).count();
    lines[lines.len() - newest..].join("\n")
}

/// The text, or its beginning.
pub(super) fn cut(text: &str, most_chars: usize) -> String {
    match text.char_indices().nth(most_chars) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// What a message says, in one line: of an answer the first that quotes.
fn gist(turn: &Turn) -> String {
    let mut lines = turn.content.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().next().unwrap_or_default();
    let line = match turn.is_user {
        true => first,
        false => lines.find(|line| line.contains(QUOTES)).unwrap_or(first),
    };
    format!("{}: {}", turn.speaker(), cut(line, MOST_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageId;
    use uuid::Uuid;

    fn turn(is_user: bool, content: &str) -> Turn {
        Turn { id: MessageId(Uuid::nil()), is_user, content: content.to_owned() }
    }

    #[test]
    fn the_newest_lines_are_kept_and_an_answer_is_what_it_quotes() {
        let mut line = Line {
            summary: Some("User: Hello?".to_owned()),
            turns: vec![
                turn(true, "Who pays?\nAnd when?"),
                turn(false, "No language model.\n\n“The tenant pays.” [1]"),
            ],
        };
        let whole = "User: Hello?\nUser: Who pays?\nAssistant: “The tenant pays.” [1]";
        assert_eq!(of(&line, 100), whole);
        assert_eq!(of(&line, 60), "User: Who pays?\nAssistant: “The tenant pays.” [1]");
        line.turns = vec![turn(false, &"é".repeat(301))];
        assert_eq!(of(&line, 400), format!("User: Hello?\nAssistant: {}…", "é".repeat(300)));
    }
}
