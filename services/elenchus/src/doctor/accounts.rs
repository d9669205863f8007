//! What accounts need: the key that signs access tokens, and the way of mails.

use elenchus_auth::{NAME as AUTH, Settings, count_signing_keys, mail};
use elenchus_postgres::{Database, DatabaseSettings};

use super::installation::Installation;
use super::report::Check;

/// The key that signs access tokens.
pub(super) async fn signing_key(installation: &Installation, is_private: bool) -> Option<Check> {
    const NAME: &str = "signing key";
    let settings = installation.auth.as_ref()?;
    let algorithm = settings.keys.algorithm();
    if !algorithm.is_asymmetric() {
        return Some(Check::ok(NAME, format!("SECRET_KEY itself, by {algorithm}")));
    }
    if is_private {
        return Some(Check::ok(NAME, format!("{algorithm}, kept in the private database")));
    }
    Some(match stored_keys(installation, settings).await {
        Ok(None | Some((0, _))) => {
            Check::ok(NAME, format!("{algorithm}, made when the auth service starts first"))
        }
        Ok(Some((total, open))) if open > 0 => {
            Check::ok(NAME, format!("{algorithm}; {open} of {total} keys open with SECRET_KEY"))
        }
        Ok(Some((total, _))) => Check::failed(
            NAME,
            format!("none of {total} keys opens with this SECRET_KEY"),
            "set the SECRET_KEY that they were sealed with; a new one ends every session",
        ),
        Err(error) => {
            let mend = "let the auth service reach its database: see postgresql above";
            Check::failed(NAME, format!("cannot be looked at: {error}"), mend)
        }
    })
}

async fn stored_keys(
    installation: &Installation,
    settings: &Settings,
) -> Result<Option<(usize, usize)>, Box<dyn std::error::Error>> {
    let database = DatabaseSettings::from_env(&installation.env, "AUTH")?.with_max_connections(1);
    let pool = Database::attach(&database, AUTH)?;
    let counted = count_signing_keys(settings, pool.clone()).await;
    pool.close().await;
    Ok(counted?)
}

/// The way of mails.
pub(super) async fn mail(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "mail";
    let Some(auth) = &installation.auth else { return Vec::new() };
    let Some(smtp) = &auth.mail.smtp else {
        let found = format!("mails are written to {}", auth.mail.folder.display());
        return vec![Check::missing(NAME, found, "set SMTP_HOST and EMAIL_FROM to send them")];
    };
    let server = format!("{}:{}", smtp.host, smtp.port);
    vec![match mail::probe(smtp).await {
        Ok(()) => Check::ok(NAME, format!("{server} lets us in")),
        Err(problem) => Check::failed(
            NAME,
            format!("{server}: {problem}"),
            "correct SMTP_HOST, SMTP_PORT, SMTP_TLS, SMTP_USERNAME and SMTP_PASSWORD, or start the server",
        ),
    }]
}
