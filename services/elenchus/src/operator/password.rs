//! A new password: asked for without an echo, read from a pipe, or drawn. Never an argument, which every
//! user of the machine could read.

use std::io::{self, BufRead, IsTerminal, Stdin, Write};

use elenchus_settings::Invalid;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret, SecretString};

use super::Failure;

/// As many letters as the strictest installation demands.
const DRAWN_BYTES: usize = 32;

/// A password that an account is to have.
pub(super) struct NewPassword {
    pub(super) password: SecretString,
    pub(super) is_drawn: bool,
}

/// Draws a password, or gets one from whoever calls.
pub(super) fn obtain(draws: bool) -> Result<NewPassword, Failure> {
    let stdin = io::stdin();
    let password = match (draws, stdin.is_terminal()) {
        (true, _) => draw()?,
        (false, true) => ask_twice(&stdin)?,
        (false, false) => line_of(&stdin)?,
    };
    Ok(NewPassword { password, is_drawn: draws })
}

/// What was done, and the password where nobody else knows it.
pub(super) fn shown(said: String, password: &SecretString, is_drawn: bool) -> String {
    if is_drawn {
        return format!("{said}\npassword: {}", password.expose_secret());
    }
    said
}

fn draw() -> io::Result<SecretString> {
    let mut bytes = [0; DRAWN_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}

fn ask_twice(stdin: &Stdin) -> Result<SecretString, Failure> {
    let password = ask(stdin, "Password: ")?;
    if ask(stdin, "Again: ")?.expose_secret() != password.expose_secret() {
        return Err(Invalid::new("password", "was typed in two ways; begin again").into());
    }
    Ok(password)
}

/// Asks on standard error, so that standard output may go into a file.
fn ask(stdin: &Stdin, prompt: &str) -> Result<SecretString, Failure> {
    eprint!("{prompt}");
    io::stderr().flush()?;
    let usual = tcgetattr(stdin)?;
    let mut silent = usual.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(stdin, OptionalActions::Flush, &silent)?;
    let line = line_of(stdin);
    tcsetattr(stdin, OptionalActions::Flush, &usual)?;
    eprintln!();
    line
}

fn line_of(stdin: &Stdin) -> Result<SecretString, Failure> {
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned().into())
}
