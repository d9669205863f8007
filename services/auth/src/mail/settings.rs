//! `SMTP_*`, `EMAIL_FROM` and `FRONTEND_URL`: who sends the mails, and where their links lead.

use std::path::PathBuf;

use elenchus_settings::{Env, Invalid};
use lettre::message::Mailbox;
use secrecy::SecretString;

const DEFAULT_PORT: u16 = 587;
/// The port of SMTP that begins with TLS.
const TLS_PORT: u16 = 465;

/// How mails leave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mail server. None: mails are written to `folder`.
    pub smtp: Option<Smtp>,
    /// Where mails are written that no server takes.
    pub folder: PathBuf,
    /// The sender.
    pub from: Mailbox,
    /// The pages that links open, without a slash at the end.
    pub frontend: String,
    /// The installation's name.
    pub app_name: String,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// `SMTP_HOST`.
    pub host: String,
    /// `SMTP_PORT`.
    pub port: u16,
    /// `SMTP_USERNAME` and `SMTP_PASSWORD`.
    pub credentials: Option<(String, SecretString)>,
    /// `SMTP_TLS`.
    pub security: Security,
    /// `SMTP_CA_FILE`: a certificate to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS after STARTTLS, or nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None. For a sink on this machine.
    Plain,
}

impl Settings {
    /// Reads the variables above.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let smtp = env.text("SMTP_HOST").map(|host| Smtp::from_env(env, host)).transpose()?;
        let from = env.text("EMAIL_FROM");
        if smtp.is_some() && from.is_none() {
            let problem = "is required where SMTP_HOST is set: the address that mails come from";
            return Err(Invalid::new("EMAIL_FROM", problem));
        }
        let from = from.unwrap_or("Elenchus <elenchus@localhost.localdomain>");
        let from = from.parse().map_err(|_| {
            Invalid::new("EMAIL_FROM", "is not an address such as Elenchus <mail@example.com>")
        })?;
        Ok(Self {
            smtp,
            folder: PathBuf::from(env.text("ELENCHUS_DATA_DIR").unwrap_or("data")).join("mails"),
            from,
            frontend: frontend(env)?,
            app_name: env.text("APP_NAME").unwrap_or("Elenchus Legal AI").to_owned(),
        })
    }
}

impl Smtp {
    fn from_env(env: &Env, host: &str) -> Result<Self, Invalid> {
        let port = env.or("SMTP_PORT", DEFAULT_PORT)?;
        let credentials = match (env.text("SMTP_USERNAME"), env.secret("SMTP_PASSWORD")) {
            (Some(name), Some(password)) => Some((name.to_owned(), password)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Invalid::new("SMTP_PASSWORD", "is required beside SMTP_USERNAME"));
            }
            (None, Some(_)) => {
                return Err(Invalid::new("SMTP_USERNAME", "is required beside SMTP_PASSWORD"));
            }
        };
        let security = Security::from_env(env, port)?;
        if security == Security::Plain && credentials.is_some() {
            let problem =
                "must not be false where SMTP_PASSWORD is set: it would travel unprotected";
            return Err(Invalid::new("SMTP_TLS", problem));
        }
        let ca_file = env.text("SMTP_CA_FILE").map(PathBuf::from);
        Ok(Self { host: host.to_owned(), port, credentials, security, ca_file })
    }
}

impl Security {
    fn from_env(env: &Env, port: u16) -> Result<Self, Invalid> {
        match env.text("SMTP_TLS").map(str::to_ascii_lowercase).as_deref() {
            Some("starttls") => Ok(Self::StartTls),
            Some("implicit") => Ok(Self::Tls),
            // The old backend knew a switch only; the port said which TLS was meant.
            _ => match env.switch("SMTP_TLS", true) {
                Ok(true) if port == TLS_PORT => Ok(Self::Tls),
                Ok(true) => Ok(Self::StartTls),
                Ok(false) => Ok(Self::Plain),
                Err(_) => Err(Invalid::new(
                    "SMTP_TLS",
                    "must be true, false, starttls or implicit (TLS from the first byte)",
                )),
            },
        }
    }
}

fn frontend(env: &Env) -> Result<String, Invalid> {
    let url = env.text("FRONTEND_URL").unwrap_or("http://localhost:3000").trim_end_matches('/');
    let parsed: Option<http::Uri> = url.parse().ok();
    let is_page = parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some()
            && uri.query().is_none()
    });
    if is_page {
        return Ok(url.to_owned());
    }
    Err(Invalid::new(
        "FRONTEND_URL",
        format!("{url:?} is not a URL such as https://app.example.com"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::of_pairs(pairs.iter().copied())
    }

    #[test]
    fn nothing_need_be_set() {
        let settings = Settings::from_env(&env(&[])).unwrap();
        assert!(settings.smtp.is_none());
        assert_eq!(settings.folder, PathBuf::from("data/mails"));
        assert_eq!(settings.frontend, "http://localhost:3000");
    }

    #[test]
    fn the_old_switch_and_port_say_which_tls_is_meant() {
        for (pairs, expected) in [
            (&[][..], Security::StartTls),
            (&[("SMTP_TLS", "True")], Security::StartTls),
            (&[("SMTP_PORT", "465")], Security::Tls),
            (&[("SMTP_TLS", "implicit"), ("SMTP_PORT", "2465")], Security::Tls),
            (&[("SMTP_TLS", "starttls"), ("SMTP_PORT", "465")], Security::StartTls),
            (&[("SMTP_TLS", "false")], Security::Plain),
        ] {
            let mut env = env(pairs);
            env = env.with("SMTP_HOST", "mail.example.com").with("EMAIL_FROM", "a@example.com");
            let smtp = Settings::from_env(&env).unwrap().smtp.unwrap();
            assert_eq!(smtp.security, expected, "{pairs:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let good = env(&[("SMTP_HOST", "mail.example.com"), ("EMAIL_FROM", "a@example.com")]);
        for (pairs, variable) in [
            (&[("EMAIL_FROM", "")][..], "EMAIL_FROM"),
            (&[("EMAIL_FROM", "nobody")], "EMAIL_FROM"),
            (&[("SMTP_PORT", "mail")], "SMTP_PORT"),
            (&[("SMTP_TLS", "maybe")], "SMTP_TLS"),
            (&[("SMTP_USERNAME", "a")], "SMTP_PASSWORD"),
            (&[("SMTP_PASSWORD", "b")], "SMTP_USERNAME"),
            (&[("SMTP_USERNAME", "a"), ("SMTP_PASSWORD", "b"), ("SMTP_TLS", "no")], "SMTP_TLS"),
            (&[("FRONTEND_URL", "app.example.com")], "FRONTEND_URL"),
            (&[("FRONTEND_URL", "javascript:alert(1)")], "FRONTEND_URL"),
        ] {
            let env = pairs.iter().fold(good.clone(), |env, (name, value)| env.with(name, *value));
            assert_eq!(Settings::from_env(&env).unwrap_err().variable, variable, "{pairs:?}");
        }
    }
}
