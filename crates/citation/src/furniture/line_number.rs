//! The numbers before the lines of pleadings and transcripts.

use std::ops::Range;

/// Fewer lines in a row than these may be a list.
const MIN_LINES: usize = 8;
/// What a page's numbers begin with, at the latest.
const MAX_FIRST: usize = 3;
/// Lines between two numbers that may have none, as where a citation is set closer.
const MAX_UNCOUNTED: usize = 2;

/// Adds the numbers of lines that are counted one by one.
pub(super) fn find(text: &str, furniture: &mut Vec<Range<usize>>) {
    let mut run = Run::default();
    for (at, line) in super::lines(text) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match label(line) {
            Some((number, bytes)) if run.goes_on_with(number) || number <= MAX_FIRST => {
                if !run.goes_on_with(number) {
                    run.end(furniture);
                }
                run.add(number, at + bytes.start..at + bytes.end);
            }
            _ => run.pass(furniture),
        }
    }
    run.end(furniture);
}

#[derive(Default)]
struct Run {
    numbers: Vec<Range<usize>>,
    last: usize,
    uncounted: usize,
}

impl Run {
    fn goes_on_with(&self, number: usize) -> bool {
        !self.numbers.is_empty() && number == self.last + 1
    }

    fn add(&mut self, number: usize, bytes: Range<usize>) {
        self.numbers.push(bytes);
        (self.last, self.uncounted) = (number, 0);
    }

    fn pass(&mut self, furniture: &mut Vec<Range<usize>>) {
        self.uncounted += 1;
        if self.uncounted > MAX_UNCOUNTED {
            self.end(furniture);
        }
    }

    fn end(&mut self, furniture: &mut Vec<Range<usize>>) {
        if self.numbers.len() >= MIN_LINES {
            furniture.append(&mut self.numbers);
        }
        *self = Self::default();
    }
}

/// One or two digits that a line begins with, before a space or nothing: `7.` labels an entry of a list.
fn label(line: &str) -> Option<(usize, Range<usize>)> {
    let start = line.len() - line.trim_ascii_start().len();
    let digits = line.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = start + digits;
    let is_alone = line.as_bytes().get(end).is_none_or(u8::is_ascii_whitespace);
    let number = line[start..end].parse().ok()?;
    ((1..=2).contains(&digits) && is_alone).then_some((number, start..end))
}
