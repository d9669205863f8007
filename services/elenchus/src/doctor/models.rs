//! The language models that answer. Keys are named and never shown.

use super::installation::Installation;
use super::report::Check;

/// Which model answers, and whose keys are there. No provider is asked: that may cost.
pub(super) async fn language(installation: &Installation) -> Vec<Check> {
    const NAME: &str = "language model";
    let Some(models) = &installation.models else { return Vec::new() };
    let keys: Vec<&str> = ["GOOGLE_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"]
        .into_iter()
        .filter(|variable| installation.env.text(variable).is_some())
        .collect();
    vec![match keys.as_slice() {
        [] => Check::missing(
            NAME,
            "the built-in extractive model answers, which only quotes",
            "set GOOGLE_API_KEY, or OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own",
        ),
        keys => {
            let found = format!("{} answers; set: {}", models.default_model, keys.join(", "));
            Check::ok(NAME, found)
        }
    }]
}
