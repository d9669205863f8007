//! What this machine can do at most: Argon2id with the parameters of accounts, on every core, and nothing
//! else. `make bench-auth` measures it beside log-ins. Takes the seconds to run; prints hashes per second.

#![expect(clippy::print_stdout, reason = "the program's one answer")]

use std::thread;
use std::time::{Duration, Instant};

use argon2::Argon2;

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    let (began, lasts) = (Instant::now(), Duration::from_secs(seconds));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            thread::spawn(move || {
                let mut hashes = 0_u32;
                while began.elapsed() < lasts {
                    hashes += u32::from(hash());
                }
                hashes
            })
        })
        .collect();
    let hashes: u32 = workers.into_iter().filter_map(|worker| worker.join().ok()).sum();
    println!("{:.2}", f64::from(hashes) / began.elapsed().as_secs_f64());
}

fn hash() -> bool {
    let mut output = [0; 32];
    let hashed =
        Argon2::default().hash_password_into(b"correct horse battery", &[7; 16], &mut output);
    std::hint::black_box(output);
    hashed.is_ok()
}
