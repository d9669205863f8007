//! Letters as people read them: a subject, a text and the same as HTML, from the templates.

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use minijinja::{Environment, Value, context};
use uuid::Uuid;

use super::letter::Letter;
use super::settings::Settings;

/// The files of a letter's two forms.
macro_rules! forms {
    ($kind:literal) => {
        [
            (concat!($kind, ".txt"), include_str!(concat!("../../templates/mail/", $kind, ".txt"))),
            (
                concat!($kind, ".html"),
                include_str!(concat!("../../templates/mail/", $kind, ".html")),
            ),
        ]
    };
}

/// Both forms of each letter. The first line of a text is the mail's subject.
const LETTERS: [[(&str, &str); 2]; 10] = [
    forms!("verify_email"),
    forms!("reset_password"),
    forms!("password_changed"),
    forms!("session_stolen"),
    forms!("second_factor_enabled"),
    forms!("second_factor_disabled"),
    forms!("recovery_code_used"),
    forms!("second_factor_guessed"),
    forms!("identity_linked"),
    forms!("account_closed"),
];
const LAYOUT: &str = include_str!("../../templates/mail/layout.html");

/// Turns letters into messages.
pub(crate) struct Renderer {
    templates: Environment<'static>,
    from: Mailbox,
    frontend: String,
    app_name: String,
}

/// A letter that cannot be written out.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is wrong.
    #[error("a mail's template cannot be used")]
    Template(#[from] minijinja::Error),
    /// The message cannot be put together.
    #[error("the mail cannot be put together")]
    Message(#[from] lettre::error::Error),
    /// No mailbox has such an address.
    #[error("the address cannot stand in a mail")]
    Address,
}

impl Renderer {
    /// Reads the templates.
    pub(crate) fn new(settings: &Settings) -> Result<Self, RenderError> {
        let mut templates = Environment::new();
        templates.add_template("layout.html", LAYOUT)?;
        for (name, source) in LETTERS.into_iter().flatten() {
            templates.add_template(name, source)?;
        }
        Ok(Self {
            templates,
            from: settings.from.clone(),
            frontend: settings.frontend.clone(),
            app_name: settings.app_name.clone(),
        })
    }

    /// Writes a letter out, under the same Message-ID every time.
    pub(crate) fn message(&self, mail_id: Uuid, letter: &Letter) -> Result<Message, RenderError> {
        // After the `#`, so that no server on the way gets to see the token.
        let link = letter
            .matter
            .link()
            .map(|(page, token)| format!("{}/{page}#token={token}", self.frontend));
        let values = context! {
            app_name => &self.app_name,
            link => link,
            left => letter.matter.left(),
        };
        let kind = letter.matter.kind();
        let text = self.templates.get_template(&format!("{kind}.txt"))?.render(&values)?;
        let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
        let body = self.templates.get_template(&format!("{kind}.html"))?.render(&values)?;
        let html = self.templates.get_template("layout.html")?.render(context! {
            app_name => &self.app_name,
            subject => subject,
            body => Value::from_safe_string(body),
        })?;
        let to = letter.to.parse().map_err(|_| RenderError::Address)?;
        let domain = self.from.email.domain();
        Ok(Message::builder()
            .message_id(Some(format!("<{mail_id}@{domain}>")))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject.trim())
            .raw_header(automatic())
            .multipart(MultiPart::alternative_plain_html(text.trim().to_owned() + "\n", html))?)
    }
}

/// Keeps out-of-office programs from answering (RFC 3834).
fn automatic() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}
