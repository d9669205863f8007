//! Workflows that can be executed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A template with the figures of its runs.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// The template.
    pub(crate) id: Uuid,
    /// Its unique name.
    pub(crate) name: String,
    /// The name to show.
    pub(crate) title: String,
    /// What it does.
    pub(crate) description: String,
    /// What kind of work it is.
    pub(crate) category: String,
    /// The name of an icon.
    pub(crate) icon: String,
    /// Grows with every change.
    pub(crate) version: i32,
    /// The steps.
    pub(crate) definition: Value,
    /// JSON Schema of the input.
    pub(crate) input_schema: Value,
    /// JSON Schema of the output.
    pub(crate) output_schema: Value,
    /// Whether it can be executed.
    pub(crate) is_active: bool,
    /// Whether everyone sees it.
    pub(crate) is_public: bool,
    /// Seconds that it usually takes.
    pub(crate) estimated_duration: i32,
    /// Runs of it.
    pub(crate) usage_count: i32,
    /// Completed runs among the ended ones, in percent.
    pub(crate) success_rate: f64,
    /// Mean seconds of the completed runs.
    pub(crate) avg_duration: f64,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// When it last changed.
    pub(crate) updated_at: DateTime<Utc>,
}

/// The version of a template that a new run takes.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    /// The template.
    pub(crate) template_id: Uuid,
    /// Its name.
    pub(crate) template_name: String,
    /// The version.
    pub(crate) version: i32,
    /// Its steps.
    pub(crate) definition: Value,
    /// What its input must be.
    pub(crate) input_schema: Value,
}
