//! Finds the model for the tests.

use std::path::Path;

use elenchus_embedding::Settings;
use elenchus_settings::Env;

/// The settings with the model's folder. Without one a test passes by on a developer's machine, and fails
/// where the model is required.
pub(crate) fn settings() -> Option<Settings> {
    let env = Env::of_process().unwrap();
    let fetched =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/models/all-MiniLM-L6-v2");
    let mut settings = Settings::from_env(&env).unwrap();
    if fetched.join("model.safetensors").exists() {
        settings.folder = Some(fetched);
    }
    let is_required = ["CI", "ELENCHUS_TEST_REQUIRE_MODEL"].iter().any(|v| env.text(v).is_some());
    assert!(
        settings.folder.is_some() || !is_required,
        "no model; fetch it with scripts/fetch-model.sh or set EMBEDDING_MODEL_DIR"
    );
    settings.folder.is_some().then_some(settings)
}

/// The cosine of two vectors of length 1.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
