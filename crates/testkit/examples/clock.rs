//! A model provider that says the time: `clock TIMES MILLISECONDS`. Prints where it listens.

#![expect(clippy::print_stdout, reason = "the program's one answer")]

use std::time::Duration;

use elenchus_testkit::provider::{Mode, Provider};

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (times, pause) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(0));
    let times = usize::try_from(times).unwrap_or(usize::MAX);
    let provider = Provider::start(Mode::Clock(times, Duration::from_millis(pause))).await;
    println!("{}", provider.openai_url());
    std::future::pending::<()>().await;
}
