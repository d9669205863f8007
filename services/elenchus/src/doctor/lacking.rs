//! What a starting process can do without and has not got, for one line of its log.

use elenchus_process::Role;
use elenchus_settings::{Env, Invalid};

/// What is not there, and what that means. Quick: nothing is asked that may have to wait.
pub(crate) fn lacking(env: &Env, roles: &[Role]) -> Result<Vec<String>, Invalid> {
    let mut lacking = Vec::new();
    if roles.contains(&Role::Document) {
        let settings = elenchus_document::Settings::from_env(env)?;
        let programs = settings.recognition.missing();
        if !programs.is_empty() {
            lacking.push(format!(
                "{} (scans, and parts of PDFs, stay unread)",
                programs.join(" and ")
            ));
        }
        if !settings.embedding.has_model() {
            lacking.push("the embedding model (documents are searched by words alone)".to_owned());
        }
    }
    if roles.contains(&Role::Conversation) {
        let models = elenchus_llm::Settings::from_env(env)?;
        if models.google.is_none() && models.openai.is_none() {
            lacking.push("a language model (answers only quote)".to_owned());
        }
    }
    if roles.contains(&Role::Auth) && env.text("SMTP_HOST").is_none() {
        lacking.push("a mail server (mails go to a folder)".to_owned());
    }
    Ok(lacking)
}
