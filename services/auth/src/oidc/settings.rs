//! `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`, `OIDC_ISSUER` and `OIDC_REDIRECT_URL`.

use elenchus_settings::{Env, Invalid};
use http::Uri;
use secrecy::SecretString;

const GOOGLE: &str = "https://accounts.google.com";
const REDIRECT: &str = "http://localhost:8000/api/v1/auth/google/callback";

/// The issuer whose word is taken, and what we are to it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Without a slash at the end.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our password there.
    pub client_secret: SecretString,
    /// Where the issuer sends people back to.
    pub redirect_url: String,
}

impl Settings {
    /// Reads the variables above. None where no client is registered.
    pub fn from_env(env: &Env) -> Result<Option<Self>, Invalid> {
        let (client_id, client_secret) =
            match (env.text("GOOGLE_CLIENT_ID"), env.secret("GOOGLE_CLIENT_SECRET")) {
                (None, None) => return Ok(None),
                (Some(id), Some(secret)) => (id.to_owned(), secret),
                (Some(_), None) => {
                    let problem = "is required beside GOOGLE_CLIENT_ID";
                    return Err(Invalid::new("GOOGLE_CLIENT_SECRET", problem));
                }
                (None, Some(_)) => {
                    let problem = "is required beside GOOGLE_CLIENT_SECRET";
                    return Err(Invalid::new("GOOGLE_CLIENT_ID", problem));
                }
            };
        let issuer = env.text("OIDC_ISSUER").unwrap_or(GOOGLE).trim_end_matches('/').to_owned();
        if !is_protected(&issuer) {
            let problem = "must be an https URL (http only on this machine)";
            return Err(Invalid::new("OIDC_ISSUER", problem));
        }
        let redirect_url = env.text("OIDC_REDIRECT_URL").unwrap_or(REDIRECT).to_owned();
        if !is_protected(&redirect_url) {
            let problem = "must be an https URL (http only on this machine)";
            return Err(Invalid::new("OIDC_REDIRECT_URL", problem));
        }
        Ok(Some(Self { issuer, client_id, client_secret, redirect_url }))
    }
}

/// Whether nobody on the way can read or change what is sent to a URL.
pub(super) fn is_protected(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_protected_or_on_this_machine() {
        let env = Env::of_pairs([("GOOGLE_CLIENT_ID", "id"), ("GOOGLE_CLIENT_SECRET", "secret")]);
        assert_eq!(Settings::from_env(&env).unwrap().unwrap().issuer, GOOGLE);
        assert!(Settings::from_env(&Env::default()).unwrap().is_none());
        for (name, value) in [
            ("OIDC_ISSUER", "http://accounts.example.com"),
            ("OIDC_ISSUER", "http://localhost.example.com"),
            ("OIDC_ISSUER", "accounts.example.com"),
            ("OIDC_ISSUER", "file:///etc/passwd"),
            ("OIDC_REDIRECT_URL", "http://app.example.com/callback"),
            ("GOOGLE_CLIENT_ID", ""),
            ("GOOGLE_CLIENT_SECRET", ""),
        ] {
            let refusal = Settings::from_env(&env.clone().with(name, value)).unwrap_err();
            assert_eq!(refusal.variable, name, "{value}");
        }
    }
}
