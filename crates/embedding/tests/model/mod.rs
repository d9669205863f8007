//! Finds the model for the tests.

use std::path::{Path, PathBuf};

use elenchus_embedding::Settings;
use elenchus_settings::Env;

/// The model's folder. Without one a test passes by on a developer's machine, and fails where the
/// model is required.
pub(crate) fn folder() -> Option<PathBuf> {
    let env = Env::of_process().unwrap();
    let fetched =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/models/all-MiniLM-L6-v2");
    let folder = if fetched.join("model.safetensors").exists() {
        Some(fetched)
    } else {
        Settings::from_env(&env).unwrap().folder
    };
    let is_required = ["CI", "ELENCHUS_TEST_REQUIRE_MODEL"].iter().any(|v| env.text(v).is_some());
    assert!(
        folder.is_some() || !is_required,
        "no model; fetch it with scripts/fetch-model.sh or set EMBEDDING_MODEL_DIR"
    );
    folder
}

/// The cosine of two vectors of length 1.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
