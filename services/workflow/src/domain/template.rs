//! Workflows that can be executed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A template with the figures of its runs.
#[derive(Debug, Clone)]
pub struct Template {
    /// The template.
    pub id: Uuid,
    /// Its unique name.
    pub name: String,
    /// The name to show.
    pub title: String,
    /// What it does.
    pub description: String,
    /// What kind of work it is.
    pub category: String,
    /// The name of an icon.
    pub icon: String,
    /// Grows with every change.
    pub version: i32,
    /// The steps.
    pub definition: Value,
    /// JSON Schema of the input.
    pub input_schema: Value,
    /// JSON Schema of the output.
    pub output_schema: Value,
    /// Whether it can be executed.
    pub is_active: bool,
    /// Whether everyone sees it.
    pub is_public: bool,
    /// Seconds that it usually takes.
    pub estimated_duration: i32,
    /// Runs of it.
    pub usage_count: i32,
    /// Completed runs among the ended ones, in percent.
    pub success_rate: f64,
    /// Mean seconds of the completed runs.
    pub avg_duration: f64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The version of a template that a new run takes.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The template.
    pub template_id: Uuid,
    /// Its name.
    pub template_name: String,
    /// The version.
    pub version: i32,
    /// Its steps.
    pub definition: Value,
    /// What its input must be.
    pub input_schema: Value,
}
